// Builds the page into `built/`: one script, one style sheet, a catalogue for each language, and the page. The page names
// the script and the style sheet with their digests, and the script those of the catalogues.
// The same sources and packages give the same bytes. `node build.mjs FOLDER` builds into another folder.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { po } from "gettext-parser";
import { helplinesList } from "./src/helplines.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const integrity = (text) => `sha384-${createHash("sha384").update(text).digest("base64")}`;

const target = process.argv[2] ?? here("built");
const options = {
  absWorkingDir: here("."), bundle: true, minify: true, target: ["es2022"], charset: "utf8", legalComments: "none",
  write: false, metafile: true, logLevel: "warning",
};

async function bundle(entry, define = {}) {
  const result = await build({ ...options, entryPoints: [here(entry)], format: "iife", define });
  return { text: result.outputFiles[0].text, inputs: Object.keys(result.metafile.inputs) };
}

/** The licences of the packages that are in the script, which ask to be handed on with it. */
async function licences(inputs) {
  const packages = new Set(inputs.map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]).filter(Boolean));
  const parts = [];
  for (const name of [...packages].sort()) {
    const folder = here(`node_modules/${name}/`);
    const { version } = JSON.parse(await readFile(`${folder}package.json`, "utf8"));
    const text = await readFile(`${folder}LICENSE`, "utf8").catch(() => readFile(`${folder}LICENSE.md`, "utf8"));
    parts.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return parts.join("\n" + "-".repeat(72) + "\n\n");
}

/** For each plural category of CLDR that the language has, the form that gettext's rule picks for such numbers. */
function formsByCategory(tag, rule, forms) {
  const place = new Function("n", `return Number(${/plural=([^;]+)/.exec(rule)[1]})`);
  const categories = new Intl.PluralRules(tag);
  const found = {};
  for (let n = 2000; n >= 0; n--) found[categories.select(n)] = forms[place(n)];
  found.other ??= forms.at(-1);
  return found;
}

/** All that the page is made of, to see which sentences it says: a catalogue also holds those of slips. */
const sources = await Promise.all((await readdir(here("src"))).map((name) => readFile(here(`src/${name}`), "utf8")));

/** The catalogue of one language as the page reads it: sentences by the English ones, plurals by their categories. */
async function catalogue(folder) {
  const tag = folder.replace("_", "-");
  const { headers, translations } = po.parse(await readFile(here(`../../locale/${folder}/LC_MESSAGES/caller.po`)));
  const messages = {};
  for (const { msgid, msgid_plural, msgstr } of Object.values(translations[""]))
    if (msgid !== "" && sources.some((source) => source.includes(`>${msgid}<`) || source.includes(JSON.stringify(msgid))))
      messages[msgid] = msgid_plural ? formsByCategory(tag, headers["Plural-Forms"], msgstr) : msgstr[0];
  const locale = new Intl.Locale(tag);
  const direction = ["Arab", "Hebr", "Thaa"].includes(locale.maximize().script) ? "rtl" : "ltr";
  const name = headers["X-Name"];
  return { tag, name, direction, reviewed: headers["X-Reviewed"] === "yes", text: JSON.stringify(messages) };
}

const found = await readdir(here("../../locale"), { recursive: true });
const folders = found.filter((path) => path.endsWith("caller.po")).map((path) => path.split(/[/\\]/)[0]);
const catalogues = await Promise.all(folders.sort().map(catalogue));
const languages = catalogues.map(({ text, ...language }) => ({ ...language, integrity: integrity(text) }));
const script = await bundle("src/page.ts", { LANGUAGES: JSON.stringify(languages) });
const style = await bundle("src/page.css");
const helplines = JSON.parse(await readFile(here("src/helplines.json"), "utf8"));
const page = (await readFile(here("src/page.html"), "utf8"))
  .replace("@page.js@", integrity(script.text))
  .replace("@page.css@", integrity(style.text))
  .replace("@helplines@", () => helplinesList(helplines));

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const files = {
  "page.html": page, "page.js": script.text, "page.css": style.text, "LICENSES.txt": await licences(script.inputs),
  ...Object.fromEntries(catalogues.map(({ tag, text }) => [`${tag}.json`, text])),
};
for (const [name, text] of Object.entries(files)) await writeFile(`${target}/${name}`, text);
console.log(`The page is built; its digest is ${createHash("sha256").update(page).digest("hex")}.`);
