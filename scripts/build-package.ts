/**
 * `npm run build:package`: builds packages/speck-tag into its folder dist, complete and ready to publish. The tag of src/tag becomes
 * one function, so that nothing of it runs until the package's `init` calls it.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, 'packages/speck-tag');
const TARGET = 'es2020';

/** Builds the package into a folder. */
export async function buildPackage(folder = join(home, 'dist')): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const shared = {
    absWorkingDir: home,
    outdir: folder,
    bundle: true,
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  } as const;
  await build({
    ...shared,
    entryPoints: ['src/index.ts', 'src/send.ts', 'src/hash.ts', 'src/relay.ts'],
    // What the tag loads on demand stays a file of its own.
    splitting: true,
    chunkNames: '[name]',
    target: TARGET,
    define: { ALL: 'true' },
    plugins: [tagAsFunction()],
  });
  await build({ ...shared, entryPoints: ['src/server.ts'], target: 'es2022' });
  writeTypes(folder);
}

/** Makes `./start.js` of the tag: with all options, without Meta's fbq, and with what its host says in place of a script element. */
function tagAsFunction(): Plugin {
  return {
    name: 'tag as a function',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/start\.js$/ }, () => ({
        path: 'start',
        namespace: 'tag',
        sideEffects: false,
      }));
      onLoad({ filter: /.*/, namespace: 'tag' }, async () => {
        const { outputFiles } = await build({
          entryPoints: [join(root, 'src/tag/speck.ts')],
          write: false,
          bundle: true,
          format: 'esm',
          target: TARGET,
          define: { PLUS: 'true', META: 'false', ALL: 'true', PACKAGE: 'true' },
          minifySyntax: true,
          legalComments: 'none',
          logLevel: 'warning',
        });
        return { contents: `export function startTag(HOST) {\n${outputFiles[0]?.text}\n}` };
      });
    },
  };
}

function writeTypes(folder: string): void {
  const types = mkdtempSync(join(tmpdir(), 'speck-types-'));
  try {
    execFileSync(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        ...['-p', home, '--noEmit', 'false', '--declaration', '--emitDeclarationOnly'],
        ...['--rootDir', root, '--outDir', types],
      ],
      { stdio: 'inherit' },
    );
    for (const name of ['index', 'server']) {
      copyFileSync(join(types, `packages/speck-tag/src/${name}.d.ts`), join(folder, `${name}.d.ts`));
    }
  } finally {
    rmSync(types, { recursive: true });
  }
}

if (import.meta.main) await buildPackage();
