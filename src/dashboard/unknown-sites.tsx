/** The sites that clients of other tools send events for and no pixel has, each with a button that counts them for this pixel. */
import { useState } from 'preact/hooks';
import { type PixelKey, TOOLS } from '../model/pixel-key.ts';
import { call, type Pixel } from './api.ts';
import { count, moment } from './format.ts';
import { useSubmission } from './forms.tsx';
import { useGet } from './hooks.ts';
import { ErrorMessage, Text } from './ui.tsx';

interface UnknownSite {
  readonly tool: PixelKey;
  readonly name: string;
  readonly hostname: string;
  readonly count: number;
  readonly last_at: string;
}

interface Props {
  readonly pixel: Pixel;
  /** Increases when the list must be loaded again. */
  readonly version?: number;
  readonly onChange?: () => void;
}

export function UnknownSites({ pixel, version = 0, onChange }: Props) {
  const [accepted, setAccepted] = useState(0);
  const { data } = useGet<{ keys: UnknownSite[] }>(`/api/v1/unknown-keys?${version}.${accepted}`);
  const { failure, busy, message, send } = useSubmission();
  const accept = async ({ tool, name }: UnknownSite): Promise<string> => {
    await call('POST', `/api/v1/pixels/${pixel.id}/keys`, { tool, name });
    setAccepted((before) => before + 1);
    onChange?.();
    return `Events of ${TOOLS[tool]} for ${name} are counted here now, within half a minute.`;
  };
  const sites = data?.keys ?? [];
  return (
    <section class="unknown-sites" aria-label="Events of other tools">
      {sites.length > 0 && (
        <ul class="items">
          {sites.map((site) => (
            <li key={`${site.tool} ${site.name} ${site.hostname}`}>
              <span class="grow">
                <b>
                  Somebody sends events of {TOOLS[site.tool]} for <Text>{site.name}</Text>
                </b>
                <span class="muted">
                  {site.hostname !== '' && (
                    <>
                      from <Text>{site.hostname}</Text> ·{' '}
                    </>
                  )}
                  {count(site.count)} in 30 days, the last at {moment(site.last_at, pixel.timezone)}. No pixel
                  counts them.
                </span>
              </span>
              <button type="button" disabled={busy} onClick={() => void send(() => accept(site))}>
                Count them for {pixel.name}
              </button>
            </li>
          ))}
        </ul>
      )}
      {failure && <ErrorMessage failure={failure} />}
      <p role="status" class="saved">
        {message}
      </p>
    </section>
  );
}
