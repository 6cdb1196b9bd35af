/**
 * Writes the OpenAPI document into dist/openapi.json.txt, which the Worker serves as /api/openapi.json: making it costs
 * the Worker nothing. Its name ends so that wrangler takes it for a text.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// Bundled, since the Worker's code imports JSON as only a bundler does.
const { outputFiles } = await build({
  entryPoints: [`${root}/src/api/openapi.ts`],
  bundle: true,
  format: 'esm',
  write: false,
  logLevel: 'warning',
});
const code = outputFiles[0]?.text ?? '';
const { openApi } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
  openApi: () => unknown;
};

mkdirSync(`${root}/dist`, { recursive: true });
writeFileSync(`${root}/dist/openapi.json.txt`, JSON.stringify(openApi()));
