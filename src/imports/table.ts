/** The importers, each loaded when it is needed. A new importer is a file beside this one, and an entry here. */
import type { Importer } from './importer.ts';

export const IMPORTERS: Readonly<Record<string, () => Promise<Importer>>> = {
  counterscale: async () => (await import('./counterscale.ts')).counterscale,
  ga4: async () => (await import('./ga4.ts')).ga4,
  'ga4-report': async () => (await import('./ga4-report.ts')).ga4Report,
  goatcounter: async () => (await import('./goatcounter.ts')).goatcounter,
  logs: async () => (await import('./logs.ts')).logs,
  matomo: async () => (await import('./matomo.ts')).matomo,
  plausible: async () => (await import('./plausible.ts')).plausible,
  segment: async () => (await import('./segment.ts')).segment,
  snowplow: async () => (await import('./snowplow.ts')).snowplow,
  umami: async () => (await import('./umami.ts')).umami,
};
