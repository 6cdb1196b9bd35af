/** The folder of the demo's database. It is created again at each start, so that the demo's data ends now. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from './wrangler.ts';

export const DEMO_STATE = '.wrangler/demo';
/** A file that marks a folder as the demo's. A folder without it is never deleted, unless it is DEMO_STATE. */
const MARK = 'speck-demo.txt';

/**
 * Empties the folder of the demo.
 * @returns why that is not possible, or undefined.
 */
export function resetDemoState(folder: string): string | undefined {
  const path = resolve(ROOT, folder);
  const isDemo = path === resolve(ROOT, DEMO_STATE) || existsSync(join(path, MARK));
  if (!isDemo && existsSync(path) && readdirSync(path).length > 0) {
    return `${folder} contains other data, and --demo creates its database again at each start. Use an empty folder, or leave out --persist-to.`;
  }
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, MARK), 'npm start -- --demo deletes this folder and creates it again.\n');
  return undefined;
}
