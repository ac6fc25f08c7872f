import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// One browser and one server at a time: the tests of a file build on one another.
export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    bail: 0,
  },
});
