/** The import graph of a folder of TypeScript sources, with types and imports on demand. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

/** What each file imports, by paths relative to the folder. Packages are left out. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** `from '…'`, `import('…')` and `import '…'` of a relative path. */
const IMPORT = /(?:\bfrom |\bimport\(|\bimport )'(\.[^']+)'/g;

/** The imports of all `.ts` and `.tsx` files in a folder, without declaration files. */
export function importsIn(folder: string): Imports {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .toSorted();
  return new Map(files.map((path) => [path, importsOf(path, readFileSync(join(folder, path), 'utf8'))]));
}

/** What one source imports. Paths outside of the folder begin with `..`. */
export function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, target = '']) =>
    relative('.', normalize(join(dirname(path), target))).replaceAll('\\', '/'),
  );
}

/**
 * The circles of a graph as `a.ts > b.ts > a.ts`: a shortest one for each group of files that import each other, beginning
 * with the first name of its files.
 */
export function circlesIn(imports: Imports): string[] {
  const circles: string[] = [];
  const visited = new Set<string>();
  for (const path of imports.keys()) {
    if (visited.has(path) || !pathTo(path, path, imports)) continue;
    const group = [...imports.keys()].filter(
      (one) => pathTo(path, one, imports) && pathTo(one, path, imports),
    );
    for (const one of group) visited.add(one);
    const shortest = group
      .map((one) => pathTo(one, one, imports) ?? [])
      .reduce((least, circle) => (circle.length < least.length ? circle : least));
    circles.push(shortest.join(' > '));
  }
  return circles;
}

/** A shortest path of at least one import from a file to another, breadth first; null where there is none. */
function pathTo(from: string, to: string, imports: Imports): string[] | null {
  const previous = new Map<string, string>();
  const queue = [from];
  for (const path of queue) {
    for (const target of imports.get(path) ?? []) {
      if (target === to) {
        const back = [to];
        for (let at: string | undefined = path; at !== undefined; at = previous.get(at)) {
          back.unshift(at);
          if (at === from) break;
        }
        return back;
      }
      if (target === from || previous.has(target)) continue;
      previous.set(target, path);
      queue.push(target);
    }
  }
  return null;
}
