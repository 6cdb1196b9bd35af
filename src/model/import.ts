/** Imports of files that other tools have written. */
import { isBase58, randomBase58 } from './random.ts';

/**
 * `open`: more of the file may follow. `complete`: the file has been read to its end. `undoing`: its events are being deleted.
 * `kept`: it cannot be undone any more.
 */
export type ImportState = 'open' | 'complete' | 'undoing' | 'kept';

/** Characters of the id of an import, without its prefix. */
const ID_LENGTH = 12;
const ID_PREFIX = 'imp_';

export const newImportId = (): string => ID_PREFIX + randomBase58(ID_LENGTH);
export const isImportId = (text: string): boolean =>
  text.startsWith(ID_PREFIX) && isBase58(text.slice(ID_PREFIX.length), ID_LENGTH);

/**
 * The id of an imported event: that of its import, and its place in the file. So the same item always has the same id, and the
 * events of an import are in the order of the file.
 */
export const importedEventId = (id: string, place: number): string =>
  `${id}${place.toString(36).padStart(7, '0')}`;
