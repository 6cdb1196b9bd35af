/** The snippets of a pixel, and whether they work: what has arrived, or why it was not stored. */
import { useEffect, useState } from 'preact/hooks';
import { call, type Pixel } from './api.ts';
import { moment } from './format.ts';
import { useEvery } from './hooks.ts';
import type { LiveAnswer } from './live.tsx';
import type { RefusalsAnswer } from './refusals.tsx';
import { SignedIds } from './signed-ids.tsx';
import { Heading, Link, Snippet, Text } from './ui.tsx';
import { todayIn } from './view.ts';

export default function Install({ pixel }: { readonly pixel: Pixel }) {
  const { install, id, url } = pixel;
  const origin = location.origin;
  const fbq = [
    '<script>window.fbq=window.fbq||function(){fbq.callMethod?fbq.callMethod(...arguments):(fbq.queue=fbq.queue||[]).push(arguments)}</script>',
    `<script defer src="${origin}/speck.meta.js" data-pixel="${id}" data-use="all" data-alias="fbq"></script>`,
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
        Into each page, in its head or its body. It counts page views, and events that you send with{' '}
        <code>speck('track', 'Signup')</code>.
      </Snippet>
      <Snippet title="Without JavaScript" text={install.noscript}>
        Beside it, for browsers that run no scripts.
      </Snippet>
      <Snippet title="E-mails" text={install.email}>
        One image. It counts opens as the event <code>email_open</code>.
      </Snippet>
      <Snippet title="Instead of Meta's pixel" text={fbq}>
        In place of Meta's code and of the snippet for pages: calls of <code>fbq('track', …)</code> that are
        there already go on working. Or keep Meta's code, with <code>{location.host}</code> in place of its
        host and <code>{id}</code> of its id.
      </Snippet>
      <Snippet title="From a server" text={server}>
        With a token that may <code>events:write</code>.
      </Snippet>
      <SignedIds pixel={pixel} />
    </>
  );
}

/** Looks every two seconds until something has come. */
function Check({ pixel }: { readonly pixel: Pixel }) {
  const [live, setLive] = useState<LiveAnswer | null>(null);
  const [refused, setRefused] = useState<RefusalsAnswer['days'][number]['rejections']>([]);
  const [lost, setLost] = useState(false);
  const [latest] = live?.events ?? [];
  const look = async (): Promise<void> => {
    if (latest) return;
    try {
      const today = todayIn(pixel.timezone);
      const [now, refusals] = await Promise.all([
        call<LiveAnswer>('GET', `/api/v1/pixels/${pixel.id}/live`),
        call<RefusalsAnswer>('GET', `/api/v1/pixels/${pixel.id}/rejections?from=${today}&to=${today}`),
      ]);
      setLive(now);
      setRefused(refusals.days.flatMap(({ rejections }) => rejections));
      setLost(false);
    } catch {
      setLost(true);
    }
  };
  useEvery(2000, look);
  useEffect(() => void look(), []);
  return (
    <section
      class={`check ${latest ? 'good' : refused.length > 0 ? 'bad' : ''}`}
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
                {refused.length > 0 ? 'Something came, and was not stored.' : 'Waiting for the first event.'}
              </b>
            </p>
            <p class="muted">
              {lost
                ? 'Speck cannot be reached just now.'
                : refused.length > 0
                  ? 'Mend what is said here, then load the page again.'
                  : 'Put the snippet into a page and open it. This turns green by itself. On localhost the second script needs data-local.'}
            </p>
            {refused.map(({ reason, explanation, samples, count }) => (
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
