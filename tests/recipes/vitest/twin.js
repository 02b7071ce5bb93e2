import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Starts a twin that lives as long as the tests. */
export default async function setup(project) {
  const words = ["serve", "--twin", "--listen", "127.0.0.1:0"];
  const options = { stdio: ["ignore", "pipe", "ignore"] };
  const server = spawn(process.env.SAFELIGHT ?? "safelight", words, options);
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith("Safelight is ready at ")) {
      project.provide("twin", line.split(" ")[4]);
      break;
    }
  }
  return () => server.kill();
}
