/** `npm run build`: makes the Worker and what it serves as texts. wrangler runs it before it deploys or starts the Worker. */
// First: what the others bundle has it as a text.
import './build-build-id.ts';
import './build-tag.ts';
import './build-dashboard.ts';
import './build-openapi.ts';
import './build-sources.ts';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildWorker } from './build-worker.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const metafile = await buildWorker(`${dist}/modules`);
writeFileSync(`${dist}/modules.json`, JSON.stringify(metafile));
