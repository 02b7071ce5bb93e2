import { readFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";

const twin = inject("twin");
const NOW = "/api/cutout/general/universal-background-removal";
const LATER = "/api/cutout/general/hd-universal-background-removal";

/** Stands for your client: answers the fields of a success, throws the code of a failure. */
async function call(path, { simulate, form } = {}) {
  const headers = { "ailabapi-api-key": "twin" };
  if (simulate) headers["x-safelight-simulate"] = simulate;
  const options = form ? { method: "POST", body: form, headers } : { headers };
  const answer = await (await fetch(twin + path, options)).json();
  if (answer.error_code !== 0) throw new Error(answer.error_detail.code);
  return answer;
}

async function photo() {
  const form = new FormData();
  form.append("image", new Blob([await readFile(process.env.PHOTO ?? "photo.png")]), "photo.png");
  return form;
}

test("a picture comes back", async () => {
  const answer = await call(NOW, { form: await photo() });
  const picture = await fetch(answer.data.image_url);
  expect(picture.headers.get("content-type")).toBe("image/png");
});

test("a failure carries its code", async () => {
  const request = call(NOW, { form: await photo(), simulate: "code=ERROR_NO_FACE_IN_FILE" });
  await expect(request).rejects.toThrow("ERROR_NO_FACE_IN_FILE");
});

test("a task is polled to its end", async () => {
  const { task_id } = await call(LATER, { form: await photo(), simulate: "task=slow; delay=500ms" });
  let answer;
  do {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await call(`/api/common/query-async-task-result?task_id=${task_id}`);
  } while (answer.task_status === 1);
  expect(answer.data.image_url).toMatch(/^http/);
});
