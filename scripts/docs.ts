/** `npm run docs`: writes into the documents what is made from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withColumns } from './lib/event-columns.ts';

const file = new URL('../docs/privacy.md', import.meta.url);
writeFileSync(file, withColumns(readFileSync(file, 'utf8')));
