/**
 * Builds the Worker into dist/modules, as modules that the runtime evaluates when they are first asked for: an entry that
 * answers pixels, and a part for each `import()`. What is imported with `?raw` becomes a text module beside them. All lie in
 * one folder, which wrangler uploads as it is (`no_bundle` in wrangler.toml).
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns what each of the modules is made of, and what it imports. */
export async function buildWorker(folder: string, minify = true): Promise<Metafile> {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: 'src/index.ts', out: 'index' }],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2024',
    // With another extension wrangler would need a rule that takes the CommonJS of packages for modules as well.
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [texts(folder)],
    minify,
    sourcemap: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return metafile;
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
