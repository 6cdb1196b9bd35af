/** Finds the importer of a file. */
import { startOfFile } from './file.ts';
import type { Importer, ImportFile } from './importer.ts';
import { IMPORTERS } from './table.ts';

export interface Recognized {
  /** The importer, if one and only one is certain. */
  readonly importer: Importer | null;
  /** The names of all that may read the file. */
  readonly candidates: readonly string[];
}

export const IMPORTER_NAMES: readonly string[] = Object.keys(IMPORTERS);

/** @returns null if there is no importer of this name. */
export async function importerOf(name: string): Promise<Importer | null> {
  return Object.hasOwn(IMPORTERS, name) ? ((await IMPORTERS[name]?.()) ?? null) : null;
}

/** @param file as `openFile` returns it. */
export async function recognizeFile(file: ImportFile): Promise<Recognized> {
  const start = await startOfFile(file);
  const importers = await Promise.all(Object.values(IMPORTERS).map((load) => load()));
  const judged = importers.map((importer) => ({ importer, certainty: importer.recognize(file.name, start) }));
  const certain = judged.filter(({ certainty }) => certainty === 2);
  const candidates = certain.length > 0 ? certain : judged.filter(({ certainty }) => certainty === 1);
  return {
    importer: certain.length === 1 ? (certain[0]?.importer ?? null) : null,
    candidates: candidates.map(({ importer }) => importer.name),
  };
}
