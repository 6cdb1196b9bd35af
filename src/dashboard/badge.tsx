/** The number of current visitors, linked to the live view. */
import type { Base } from './base.ts';
import { count } from './format.ts';
import { useGet, useLocation, Version } from './hooks.ts';
import { useVersion } from './refresh.ts';
import type { Subject } from './subject.ts';
import { Link } from './ui.tsx';

/** Milliseconds between requests. */
const INTERVAL = 30_000;

interface Props {
  readonly base: Base;
  readonly subject: Subject;
}

export function Badge(props: Props) {
  const [version] = useVersion(INTERVAL, true);
  return (
    <Version.Provider value={version}>
      <Now {...props} />
    </Version.Provider>
  );
}

function Now({ base, subject }: Props) {
  const { search } = useLocation();
  const filters = base.filters ? `&filters=${encodeURIComponent(JSON.stringify(base.filters))}` : '';
  // After the panels, and without events.
  const { data, failure } = useGet<{ readonly visitors: number }>(
    `/api/v1/pixels/${subject.id}/live?limit=0${filters}`,
    'slow',
  );
  // Pixels that protect small groups, and filters of people, have no live counts.
  if (!data || failure) return null;
  const text = (
    <>
      <span class={data.visitors > 0 ? 'lamp on' : 'lamp'} aria-hidden="true" /> {count(data.visitors)}{' '}
      <span class="hidden">{data.visitors === 1 ? 'visitor' : 'visitors'} in the last five minutes</span>
      <span aria-hidden="true">now</span>
    </>
  );
  const title = 'Visitors of the last five minutes';
  return subject.live === null ? (
    <span class="badge muted" title={title}>
      {text}
    </span>
  ) : (
    <Link class="badge" href={subject.live + search} title={title}>
      {text}
    </Link>
  );
}
