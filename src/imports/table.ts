/** The importers, each loaded when it is needed. A new importer is a file beside this one, and an entry here. */
import type { Importer } from './importer.ts';

export const IMPORTERS: Readonly<Record<string, () => Promise<Importer>>> = {
  goatcounter: async () => (await import('./goatcounter.ts')).goatcounter,
  umami: async () => (await import('./umami.ts')).umami,
};
