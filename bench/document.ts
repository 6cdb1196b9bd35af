/**
 * `npm run bench:document -- [section…]`: measures what docs/performance.md shows, and writes the figures there. Each section
 * of the document that begins with `<!-- measured: NAME -->` and ends with `<!-- /measured -->` holds what one bench has
 * printed. Without names all are measured, which takes over an hour on two quiet cores.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../test/e2e/harness.ts';
import { type Section, sectionsIn, withMeasured } from './lib/document.ts';

const DOCUMENT = join(ROOT, 'docs/performance.md');

const SECTIONS: readonly Section[] = [
  { name: 'start', script: 'bench:cold', args: [] },
  { name: 'pixel', script: 'bench', args: ['--direct', '--rounds', '3'] },
  { name: 'miniflare', script: 'bench', args: ['--rounds', '3'] },
  { name: 'rollup', script: 'bench:rollup', args: [] },
  { name: 'query', script: 'bench:query', args: [] },
  { name: 'beside', script: 'bench:beside', args: [] },
  { name: 'relay', script: 'bench:relay', args: [] },
  { name: 'dashboard', script: 'bench:dashboard', args: [] },
  { name: 'heap', script: 'bench:memory', args: ['300', '15'] },
];

const names = SECTIONS.map(({ name }) => name);
const chosen = process.argv.length > 2 ? process.argv.slice(2) : names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}. The sections are ${names.join(', ')}.`);
  process.exit(2);
}
const marked = sectionsIn(readFileSync(DOCUMENT, 'utf8'));
if (String(marked) !== String(names)) {
  console.error(`docs/performance.md has the sections ${marked.join(', ')}, not ${names.join(', ')}.`);
  process.exit(2);
}

for (const section of SECTIONS.filter(({ name }) => chosen.includes(name))) {
  console.error(`${section.name}: npm run ${section.script} -- ${section.args.join(' ')}`);
  const { status, stdout } = spawnSync('npm', ['run', '--silent', section.script, '--', ...section.args], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    console.error(`${section.name}: the bench failed; its section stays as it was.`);
    process.exitCode = 1;
    continue;
  }
  // Read anew each time, so that a section that is edited meanwhile is not lost.
  const text = readFileSync(DOCUMENT, 'utf8');
  writeFileSync(DOCUMENT, withMeasured(text, section, stdout, new Date().toISOString().slice(0, 10)));
}
