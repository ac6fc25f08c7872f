// Puts into the page what a visitor sees and asks before the program is there: what src/first-content.tsx draws, and
// src/early.ts as a script of its own, which waits for nothing and is loaded before the styles.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import react from "@vitejs/plugin-react";
import { build, type InlineConfig, type Plugin, type Rollup } from "vite";

const web = fileURLToPath(new URL("..", import.meta.url));

async function bundle(options: InlineConfig["build"]): Promise<string> {
  const built = await build({
    root: web,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    plugins: [react()],
    build: { write: false, target: "es2022", ...options },
  });
  const [output] = [built as Rollup.RollupOutput | Rollup.RollupOutput[]].flat();
  return output!.output[0].code;
}

async function drawn(): Promise<string> {
  const code = await bundle({ ssr: "src/first-content.tsx" });
  const folder = `${web}node_modules/.vite`;
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/first-content-${process.pid}.mjs`;
  writeFileSync(path, code);
  const module = (await import(pathToFileURL(path).href)) as typeof import("../src/first-content");
  return module.firstContent();
}

export function firstContent(): Plugin {
  let script = "";
  let content = "";
  return {
    name: "offx-first-content",
    apply: "build",
    async buildStart() {
      content = await drawn();
      const source = await bundle({
        lib: { entry: "src/early.ts", formats: ["iife"], name: "early", fileName: "early" },
      });
      script = `assets/early-${createHash("sha256").update(source).digest("base64url").slice(0, 8)}.js`;
      this.emitFile({ type: "asset", fileName: script, source });
    },
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) => {
        // Fetched at once, though it is run later.
        const program = Object.values(bundle ?? {}).find((file) => file.type === "chunk" && file.name === "program");
        return html
          .replace("<!-- early -->", `<script src="/${script}"></script>`)
          .replace("</head>", `<link rel="modulepreload" crossorigin href="/${program!.fileName}">\n  </head>`)
          .replace("<!-- first content -->", () => content);
      },
    },
  };
}
