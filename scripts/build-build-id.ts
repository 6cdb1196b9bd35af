/** Writes the id of this build into dist/build.txt, which the Worker reports in its diagnostics. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIdOf } from './lib/build-id.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

mkdirSync(`${root}/dist`, { recursive: true });
writeFileSync(`${root}/dist/build.txt`, buildIdOf(root));
