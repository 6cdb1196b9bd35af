/** The pixel of a statistics page, as its owner sees it or through a shared link. */
import type { ImportedDays, Pixel, Session } from './api.ts';

export interface Subject {
  readonly id: string;
  readonly name: string;
  /** The site's address; null if the session does not know it. */
  readonly url: string | null;
  readonly timezone: string;
  readonly funnels: readonly string[];
  /** The addresses of its settings and installation; null if the session may not change it. */
  readonly settings: string | null;
  readonly install: string | null;
  /** The address of its live view; null if the session has none. */
  readonly live: string | null;
  /** The first and last day of its imported totals. */
  readonly imported?: ImportedDays | undefined;
}

export function subjectOf(
  { id, name, url, timezone, settings, imported }: Pixel,
  mayChange: boolean,
): Subject {
  return {
    id,
    name,
    url,
    timezone,
    funnels: settings.funnels.map((funnel) => funnel.name),
    settings: mayChange ? `/app/${id}/settings` : null,
    install: mayChange ? `/app/${id}/install` : null,
    live: `/app/${id}/live`,
    imported,
  };
}

/** The subject of a shared link's session. */
export function sharedSubject({ shown }: Session): Subject | null {
  return shown ? { ...shown, url: null, settings: null, install: null, live: null } : null;
}
