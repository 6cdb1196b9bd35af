/**
 * Builds the Worker into dist/modules, as modules that the runtime evaluates when they are first asked for: an entry that
 * answers pixels, and a part for each `import()`. What is imported with `?raw` becomes a text module beside them. All lie in
 * one folder, which wrangler uploads as it is (`no_bundle` in wrangler.toml).
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The table of other tools' formats. Each is built apart, as one module that shares nothing with others: what a format imported would be
 * cut out of the entry into a module of its own, and the size of each part would depend on all formats.
 */
const FORMATS = 'src/collect/wire/clients.ts';

/** @returns what each of the modules is made of, and what it imports. */
export async function buildWorker(folder: string, minify = true): Promise<Metafile> {
  rmSync(folder, { recursive: true, force: true });
  const options: BuildOptions = {
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    // With another extension wrangler would need a rule that takes the CommonJS of packages for modules as well.
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    conditions: ['workerd', 'worker', 'browser'],
    minify,
    sourcemap: true,
    legalComments: 'none',
    logLevel: 'warning',
  };
  const formats = new Map<string, string>();
  const worker = await build({
    ...options,
    entryPoints: [{ in: 'src/index.ts', out: 'index' }],
    splitting: true,
    plugins: [texts(folder), apart(formats)],
    metafile: true,
  });
  const others = await build({
    ...options,
    entryPoints: Array.from(formats, ([source, out]) => ({ in: source, out })),
    metafile: true,
  });
  return {
    inputs: { ...worker.metafile.inputs, ...others.metafile.inputs },
    outputs: { ...worker.metafile.outputs, ...others.metafile.outputs },
  };
}

/** Leaves the formats of the table to another build. @param formats gets each source, and the name of its module. */
function apart(formats: Map<string, string>): Plugin {
  return {
    name: 'apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\// }, ({ path, importer, kind }) => {
        if (kind !== 'dynamic-import' || relative(root, importer) !== FORMATS) return null;
        const name = `format-${basename(path, '.ts')}`;
        formats.set(resolve(dirname(importer), path), name);
        return { path: `./${name}.mjs`, external: true };
      });
    },
  };
}

/** Copies what is imported with `?raw`, as Vite calls a file's text, into the folder as NAME.txt. */
function texts(folder: string): Plugin {
  const copied = new Map<string, string>();
  return {
    name: 'texts',
    setup({ onResolve }) {
      onResolve({ filter: /\?raw$/ }, ({ path, importer }) => {
        const source = resolve(dirname(importer), path.replace('?raw', ''));
        const name = `${basename(source).replace(/\.txt$/, '')}.txt`;
        if ((copied.get(name) ?? source) !== source) throw new Error(`two texts would be texts/${name}`);
        copied.set(name, source);
        mkdirSync(join(folder, 'texts'), { recursive: true });
        copyFileSync(source, join(folder, 'texts', name));
        return { path: `./texts/${name}`, external: true };
      });
    },
  };
}
