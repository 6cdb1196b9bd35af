/** The importers, each loaded when it is needed. A new importer is a file beside this one, and an entry here. */
import type { Importer } from './importer.ts';

export const IMPORTERS: Readonly<Record<string, () => Promise<Importer>>> = {
  'ga4-report': async () => (await import('./ga4-report.ts')).ga4Report,
  goatcounter: async () => (await import('./goatcounter.ts')).goatcounter,
  plausible: async () => (await import('./plausible.ts')).plausible,
  umami: async () => (await import('./umami.ts')).umami,
};
