/** `npm run docs`: writes into the documents what is made from the code. Build first: sizes are those of what is built. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withColumns } from './lib/event-columns.ts';
import { withRecipes } from './lib/recipes-document.ts';
import { withCosts, withScale } from './lib/simulate/document.ts';
import { committedMeasured } from './lib/simulate/measured.ts';
import { withSizes } from './lib/sizes-document.ts';
import { withTools } from './lib/tools-document.ts';

for (const [name, write] of [
  ['privacy', withColumns],
  ['tag', withRecipes],
  ['migrate', withTools],
  ['performance', withSizes],
  ['scale', (document: string) => withScale(document, committedMeasured())],
  ['deploy', (document: string) => withCosts(document, committedMeasured())],
] as const) {
  const file = new URL(`../docs/${name}.md`, import.meta.url);
  writeFileSync(file, write(readFileSync(file, 'utf8')));
}
