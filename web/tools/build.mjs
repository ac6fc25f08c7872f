// Builds the dashboard for the program: node tools/build.mjs [FOLDER]
//
// FOLDER/dist               what Vite makes
// FOLDER/assets.bin         all files of it, plain and compressed, one behind the other; src/api/assets.S takes it as it is
// FOLDER/api/assets_table.inc   the rows of the table in src/api/assets.cpp
//
// Does nothing if FOLDER was built from the same sources.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const output = resolve(process.argv[2] ?? join(web, "../build/web"));

const contentTypes = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

function filesOf(folder, prefix = "") {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory() ? filesOf(folder, path) : [path];
    })
    .sort();
}

const hashOf = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url").slice(0, 22);
};

function sourcesHash() {
  const files = ["index.html", "package-lock.json", "vite.config.ts", "tools/build.mjs", "tools/first-content.ts"]
    .concat(["src", "public"].flatMap((folder) => filesOf(web, folder)))
    .filter((file) => !file.includes(".test."));
  return hashOf(...files.flatMap((file) => [file, readFileSync(join(web, file))]));
}

// The service worker keeps what the page needs to show itself without a connection.
function writeServiceWorker(dist, files) {
  const shell = files.filter((file) => /^assets\/|\.svg$|\.webmanifest$/.test(file)).map((file) => `/${file}`);
  const path = join(dist, "sw.js");
  const version = hashOf(...files.filter((file) => file !== "sw.js").map((file) => readFileSync(join(dist, file))));
  const text = readFileSync(path, "utf8")
    .replace('"%VERSION%"', JSON.stringify(version))
    .replace('["%SHELL%"]', JSON.stringify(["/", ...shell]));
  writeFileSync(path, text);
}

function embed(dist, files) {
  const blobs = [];
  let size = 0;
  const add = (bytes) => {
    const extent = `{${size}, ${bytes.length}}`;
    blobs.push(bytes);
    size += bytes.length;
    return extent;
  };
  const rows = files.map((file) => {
    const bytes = readFileSync(join(dist, file));
    const type = contentTypes[extname(file)];
    if (!type) throw new Error(`${file}: of which content type is it? See tools/build.mjs`);
    const worthwhile = (packed) =>
      type.startsWith("image/png") || packed.length >= bytes.length ? Buffer.alloc(0) : packed;
    const brotli = worthwhile(
      brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      }),
    );
    const gzip = worthwhile(gzipSync(bytes, { level: 9 }));
    const path = JSON.stringify(`/${file}`);
    const immutable = file.startsWith("assets/");
    return `    {${path}, "${type}", "\\"${hashOf(bytes)}\\"", ${immutable}, ${add(bytes)}, ${add(brotli)}, ${add(gzip)}},\n`;
  });
  return { table: rows.join(""), bytes: Buffer.concat(blobs) };
}

const table = join(output, "api/assets_table.inc");
const stamp = join(output, "built-from");
const hash = sourcesHash();
const upToDate = existsSync(table) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
if (upToDate) {
  // Ninja asks for newer files than the sources.
  for (const file of [table, join(output, "assets.bin")]) writeFileSync(file, readFileSync(file));
} else {
  process.chdir(web);
  const { build } = await import("vite");
  const fresh = `${output}.${process.pid}`;
  const dist = join(fresh, "dist");
  await build({ root: web, logLevel: "warn", build: { outDir: dist, emptyOutDir: true } });
  const files = filesOf(dist);
  writeServiceWorker(dist, files);
  const { table: rows, bytes } = embed(dist, files);
  mkdirSync(join(fresh, "api"));
  writeFileSync(join(fresh, "api/assets_table.inc"), rows);
  writeFileSync(join(fresh, "assets.bin"), bytes);
  writeFileSync(join(fresh, "built-from"), hash);
  rmSync(join(output, "dist"), { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  cpSync(fresh, output, { recursive: true });
  rmSync(fresh, { recursive: true });
}
