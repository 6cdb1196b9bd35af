/** What statistics are shown of: a pixel of the owner's, or what a shared link shows of one. */
import type { Pixel, Session } from './api.ts';

export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly timezone: string;
  readonly funnels: readonly string[];
  /** Where it is set up and installed, for those who may. */
  readonly settings: string | null;
  readonly install: string | null;
}

export function subjectOf({ id, name, timezone, settings }: Pixel, mayChange: boolean): Subject {
  return {
    id,
    name,
    timezone,
    funnels: settings.funnels.map((funnel) => funnel.name),
    settings: mayChange ? `/app/${id}/settings` : null,
    install: mayChange ? `/app/${id}/install` : null,
  };
}

/** What a session of a shared link shows. */
export function sharedSubject({ shown }: Session): Subject | null {
  return shown ? { ...shown, settings: null, install: null } : null;
}
