# What the tests of packages share: a server that is started by a command, asked for a cut-out, stopped.

photo=photos/astronaut.png
port=${PORT:-18480}
base=http://127.0.0.1:$port
service=/api/cutout/general/universal-background-removal

server=
scratch=$(mktemp -d)
# Whatever happens, no server stays and no file of the test.
leave() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$scratch"
}
trap leave EXIT

say() {
    printf '\n== %s\n' "$1"
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# serve LOG COMMAND...: starts a server, waits until it is ready; its process is $server.
serve() {
    local log=$1
    shift
    "$@" > "$log" 2> "$log.err" &
    server=$!
    for _ in $(seq 1200); do
        grep -q '^Safelight is ready at' "$log" && return
        kill -0 "$server" 2>/dev/null || { tail -5 "$log.err" >&2; fail "the server ended"; }
        sleep 0.5
    done
    fail "the server is not ready after ten minutes"
}

stop() {
    kill -TERM "$server"
    wait "$server" || fail "the server did not end well"
    server=
}

# Stops a server that was started by a program which passes signals on to nobody.
stop_child() {
    kill -TERM "$(pgrep -P "$server")"
    wait "$server" || fail "the server did not end well"
    server=
}

# example LOG: the command that the first start printed, to be tried as it stands.
example() {
    grep -m1 '^ *curl ' "$1"
}

# cut_out KEY: asks for a cut-out and fetches it.
cut_out() {
    local url result=$scratch/result.png
    url=$(curl -sf -H "ailabapi-api-key: $1" -F "image=@$photo" "$base$service" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["image_url"])')
    curl -sf -o "$result" "$url" || fail "the result is not there: $url"
    head -c 8 "$result" | grep -q PNG || fail "the result is no picture: $url"
}
