// The request of the playground as a program.

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const string = (text) => JSON.stringify(text);

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

// `call` is {url, method, fields: [[name, value]], files: [[name, file name]], base, sdk}; `sdk` is the method of the
// vendor's SDK for Python.
const LANGUAGES = {
  curl({ url, method, fields, files }) {
    const lines = [`curl -H "ailabapi-api-key: $SAFELIGHT_KEY"`];
    if (method === "GET") lines.push("-G");
    for (const [name, file] of files) lines.push(`-F ${quote(`${name}=@${file}`)}`);
    const flag = method === "GET" ? "--data-urlencode" : "--form-string";
    for (const [name, value] of fields) lines.push(`${flag} ${quote(`${name}=${value}`)}`);
    lines.push(quote(url));
    return lines.join(" \\\n  ");
  },

  python({ url, method, fields, files }) {
    const data = fields.map(([name, value]) => `    ${string(name)}: ${string(value)},\n`).join("");
    const sent = files.map(([name, file]) => `    (${string(name)}, open(${string(file)}, "rb")),\n`).join("");
    const form = method === "GET" ? `params={\n${data}}` : `data={\n${data}}, files=[\n${sent}]`;
    return `import os
import httpx  # pip install httpx

answer = httpx.${method.toLowerCase()}(
    ${string(url)},
    headers={"ailabapi-api-key": os.environ["SAFELIGHT_KEY"]},
    timeout=60,
    ${form.replaceAll("\n", "\n    ")},
).json()
if answer["error_code"]:
    raise SystemExit(answer["error_detail"]["message"])
print(answer)
`;
  },

  sdk({ fields, files, base, sdk }) {
    const sent = files.map(([name, file]) => `            ${string(camel(name))}: open(${string(file)}, "rb"),\n`).join("");
    const data = fields.map(([name, value]) => `            ${string(camel(name))}: ${string(value)},\n`).join("");
    return `import asyncio
import os
from ailabtools import AILabClient  # pip install ailabtools-sdk

async def main():
    client = AILabClient(os.environ["SAFELIGHT_KEY"], base_url=${string(base)}, timeout=60)
    try:
        answer = await client.${sdk}({
${sent}${data}        })
        if answer.get("task_id"):
            answer = await client.wait_for_task(answer["task_id"])
        print(answer)
    finally:
        await client.aclose()

asyncio.run(main())
`;
  },

  node({ url, method, fields, files }) {
    const appended = [
      ...files.map(([name, file]) => `form.append(${string(name)}, await openAsBlob(${string(file)}), ${string(file)});`),
      ...fields.map(([name, value]) => `form.append(${string(name)}, ${string(value)});`),
    ].join("\n");
    const get = method === "GET";
    return `${files.length ? 'import { openAsBlob } from "node:fs"; // Node 20 or later\n\n' : ""}const form = new ${get ? "URLSearchParams" : "FormData"}();
${appended}
const response = await fetch(${get ? `${string(`${url}?`)} + form` : string(url)}, {
  method: ${string(method)},
  headers: { "ailabapi-api-key": process.env.SAFELIGHT_KEY },${get ? "" : "\n  body: form,"}
});
const answer = await response.json();
if (answer.error_code) throw new Error(answer.error_detail.message);
console.log(answer);
`;
  },

  go({ url, method, fields, files }) {
    if (method === "GET") {
      const set = fields.map(([name, value]) => `\tquery.Set(${string(name)}, ${string(value)})\n`).join("");
      return goProgram(["fmt", "io", "net/http", "net/url", "os"], "", `\tquery := url.Values{}
${set}\trequest, err := http.NewRequest("GET", ${string(`${url}?`)}+query.Encode(), nil)
\tcheck(err)
`);
    }
    const text = fields.map(([name, value]) => `\tcheck(form.WriteField(${string(name)}, ${string(value)}))\n`).join("");
    const sent = files.map(([name, file]) => `\tattach(form, ${string(name)}, ${string(file)})\n`).join("");
    const attach = files.length ? `
func attach(form *multipart.Writer, name, path string) {
\tbytes, err := os.ReadFile(path)
\tcheck(err)
\tpart, err := form.CreateFormFile(name, path)
\tcheck(err)
\t_, err = part.Write(bytes)
\tcheck(err)
}
` : "";
    return goProgram(["bytes", "fmt", "io", "mime/multipart", "net/http", "os"], attach, `\tvar body bytes.Buffer
\tform := multipart.NewWriter(&body)
${sent}${text}\tcheck(form.Close())
\trequest, err := http.NewRequest("POST", ${string(url)}, &body)
\tcheck(err)
\trequest.Header.Set("Content-Type", form.FormDataContentType())
`);
  },
};

function goProgram(imports, more, request) {
  return `package main

import (
${imports.map((name) => `\t"${name}"\n`).join("")})

func check(err error) {
\tif err != nil {
\t\tpanic(err)
\t}
}
${more}
func main() {
${request}\trequest.Header.Set("ailabapi-api-key", os.Getenv("SAFELIGHT_KEY"))
\tresponse, err := http.DefaultClient.Do(request)
\tcheck(err)
\tdefer response.Body.Close()
\tanswer, err := io.ReadAll(response.Body)
\tcheck(err)
\tfmt.Println(string(answer))
}
`;
}

export function snippet(language, call) {
  return LANGUAGES[language](call);
}
