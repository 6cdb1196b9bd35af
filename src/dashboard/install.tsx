/** The snippets of a pixel, and a check that they work: the first event, or why it was not stored. */
import { useEffect, useState } from 'preact/hooks';
import { isLoopback } from '../model/loopback.ts';
import type { DestinationsJson } from '../model/relay-json.ts';
import { call, type Pixel } from './api.ts';
import { moment } from './format.ts';
import { useGet, useInterval } from './hooks.ts';
import { lazy } from './lazy.tsx';
import type { LiveResponse } from './live.tsx';
import type { RejectionsResponse } from './rejections.tsx';
import { besideMeta, withRelay } from './relay-snippet.ts';
import { SignedIds } from './signed-ids.tsx';
import { Heading, Link, Snippet, Text } from './ui.tsx';
import { todayIn } from './view.ts';

const Recipes = lazy(() => import('./recipes.tsx'));
const Switch = lazy(() => import('./switch.tsx'));

interface Props {
  readonly pixel: Pixel;
  /** Whether the reader may let another tool's name of a site lead to the pixel. */
  readonly mayAdd: boolean;
}

export default function Install({ pixel, mayAdd }: Props) {
  const { id, url } = pixel;
  const destinations = useGet<DestinationsJson>(`/api/v1/pixels/${id}/destinations`);
  const networks = destinations.data?.destinations.map(({ network }) => network) ?? [];
  const isRelayed = networks.length > 0;
  const install = isRelayed ? withRelay(pixel.install) : pixel.install;
  const origin = location.origin;
  const isLocal = isLoopback(location.hostname);
  const local = isLocal ? ' data-local' : '';
  const fbq = [
    '<script>window.fbq=window.fbq||function(){fbq.callMethod?fbq.callMethod(...arguments):(fbq.queue=fbq.queue||[]).push(arguments)}</script>',
    `<script defer src="${install.script_url.replace('.plus.', '.meta.')}" data-pixel="${id}" data-use="all"${isRelayed ? ' data-relay' : ''} data-alias="fbq"${local}></script>`,
  ].join('\n');
  const server = [
    `curl ${origin}/api/v1/events \\`,
    '  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
    `  -d '{"events": [{"id": "${id}", "ev": "Purchase", "dl": "${url}", "cd": {"value": 49.9, "currency": "EUR"}}]}'`,
  ].join('\n');
  return (
    <>
      <Heading>Install</Heading>
      <Check pixel={pixel} />
      <Snippet title="Pages" text={install.script}>
        Add this to the head or the body of each page. It counts page views, and the events that you send with{' '}
        <code>speck('track', 'Signup')</code>.
        {isLocal && (
          <>
            {' '}
            With <code>data-local</code>, pages on this machine count, too. The snippet of a deployed Speck
            does not have it.
          </>
        )}
        {isRelayed && (
          <>
            {' '}
            With <code>data-relay</code>, events of visitors who consent have an event id that the networks'
            own pixels on the page get as well, so that your{' '}
            <Link href={`/app/${id}/conversions`}>conversions</Link> count once.
          </>
        )}
      </Snippet>
      {networks.includes('meta') && (
        <Snippet title="Pages with Meta's own pixel" text={besideMeta(pixel.install)}>
          Add this in place of the snippet above, and before Meta's code. Each call of{' '}
          <code>fbq('track', …)</code> then goes to Meta and to Speck with the same event id.
        </Snippet>
      )}
      <Recipes pixel={id} install={install} isLocal={isLocal} isRelayed={isRelayed} />
      <Switch pixel={pixel} mayAdd={mayAdd} />
      <Snippet title="Without JavaScript" text={install.noscript}>
        Add this as well to count browsers that run no scripts.
      </Snippet>
      <Snippet title="E-mails" text={install.email}>
        An image that counts each opening as the event <code>email_open</code>.
      </Snippet>
      <Snippet title="Instead of Meta's pixel" text={fbq}>
        Replaces Meta's code and the snippet for pages. Existing calls of <code>fbq('track', …)</code> keep
        working. Or keep Meta's code and change its host to <code>{location.host}</code> and its id to{' '}
        <code>{id}</code>.
      </Snippet>
      <Snippet title="From a server" text={server}>
        Use a token with the scope <code>events:write</code>.
      </Snippet>
      <SignedIds pixel={pixel} />
    </>
  );
}

/** Checks every two seconds until an event has arrived. */
function Check({ pixel }: { readonly pixel: Pixel }) {
  const [live, setLive] = useState<LiveResponse | null>(null);
  const [rejections, setRejections] = useState<RejectionsResponse['days'][number]['rejections']>([]);
  const [isOffline, setOffline] = useState(false);
  const [latest] = live?.events ?? [];
  const check = async (): Promise<void> => {
    if (latest) return;
    try {
      const today = todayIn(pixel.timezone);
      const [now, rejected] = await Promise.all([
        call<LiveResponse>('GET', `/api/v1/pixels/${pixel.id}/live`),
        call<RejectionsResponse>('GET', `/api/v1/pixels/${pixel.id}/rejections?from=${today}&to=${today}`),
      ]);
      setLive(now);
      setRejections(rejected.days.flatMap(({ rejections }) => rejections));
      setOffline(false);
    } catch {
      setOffline(true);
    }
  };
  useInterval(2000, check);
  useEffect(() => void check(), []);
  return (
    <section
      class={`check ${latest ? 'good' : rejections.length > 0 ? 'bad' : ''}`}
      aria-live="polite"
      aria-label="Check"
    >
      <span class="lamp" aria-hidden="true" />
      <div>
        {latest ? (
          <>
            <p>
              <b>It works.</b> <Text>{latest.name}</Text> on <Text>{`${latest.hostname}${latest.page}`}</Text>{' '}
              arrived at {moment(latest.ts, pixel.timezone, false)} in {pixel.timezone}.
            </p>
            <p>
              <Link class="target" href={`/app/${pixel.id}`}>
                See the statistics
              </Link>
            </p>
          </>
        ) : (
          <>
            <p>
              <b>
                {rejections.length > 0
                  ? 'An event arrived but was not stored.'
                  : 'Waiting for the first event.'}
              </b>
            </p>
            <p class="muted">
              {isOffline
                ? 'Speck cannot be reached.'
                : rejections.length > 0
                  ? 'Fix this, then reload your page.'
                  : 'Add the snippet to a page and open that page. This check updates by itself.'}
            </p>
            {rejections.map(({ reason, explanation, samples, count }) => (
              <p key={reason}>
                <b>{reason}</b> ×{count}: {explanation}{' '}
                <Text class="muted">{String(samples[0]?.['detail'] ?? '')}</Text>
              </p>
            ))}
          </>
        )}
      </div>
    </section>
  );
}
