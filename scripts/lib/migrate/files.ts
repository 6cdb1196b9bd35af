/** Reads the migrations of this project. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../wrangler.ts';
import { type Migration, parseMigrations } from './plan.ts';

export function readMigrations(): Migration[] {
  const folder = join(ROOT, 'migrations');
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return parseMigrations(
    Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
  );
}
