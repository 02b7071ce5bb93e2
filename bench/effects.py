"""What effects on faces cost and keep: the table of the example `effects` of the services.

Milliseconds are for a head of 1 megapixel. "Effect" is the work on the face alone; "all" decodes,
finds the face, works and encodes. Texture is the standard deviation of the skin's finest detail over the
photo's; cosine that of the face to the photo's own. The targets are those of the table's foot.
"""

import argparse
import subprocess
import sys

import harness

# At their defaults: the least texture and cosine of effects on skin, and the least cosine of those on
# shape; at full strength the least texture.
TEXTURE, TEXTURE_AT_MOST, SKIN, SHAPE = 0.90, 0.75, 0.97, 0.90
SKIN_ALONE = {"face-beauty", "smart-skin", "smart-skin-advanced"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="release", help="cargo's profile")
    options = parser.parse_args()
    example = harness.build_example("effects", options.profile)
    done = subprocess.run([example], cwd=harness.ROOT, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout)
    missed = [line for row in done.stdout.splitlines()[2:] for line in misses(row)]
    print("\n".join(missed) or "every target met")
    sys.exit(bool(missed))


def misses(row):
    """What a row of the table falls short of."""
    service, asked, photo, *_, texture, cosine, _, _ = [
        cell.strip(" `") for cell in row.strip("|").split("|")]
    full = asked != "defaults" and "=1" in asked.replace("=0.", "=")
    limits = []
    if service in SKIN_ALONE:
        limits.append(("texture", float(texture), TEXTURE_AT_MOST if full else TEXTURE))
        if not full:
            limits.append(("cosine", float(cosine), SKIN))
    elif "2" not in asked:
        limits.append(("cosine", float(cosine), SHAPE))
    return [f"{service} {asked} on the {photo}: {name} {value}, least {least} MISSED"
            for name, value, least in limits if value < least]


if __name__ == "__main__":
    main()
