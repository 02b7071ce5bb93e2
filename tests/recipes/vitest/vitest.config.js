import { defineConfig } from "vitest/config";

export default defineConfig({ test: { globalSetup: "./twin.js", testTimeout: 60_000 } });
