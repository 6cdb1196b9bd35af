/** All pixels, each with its last thirty days. */

import { amount } from './amount.ts';
import type { Pixel } from './api.ts';
import { Sparkline } from './chart.tsx';
import { count, metricValue } from './format.ts';
import { useAnswer } from './hooks.ts';
import { Heading, Link, Text, Trouble } from './ui.tsx';

interface Props {
  readonly pixels: readonly Pixel[];
  readonly mayAdd: boolean;
  readonly mayChange: boolean;
}

export function Overview({ pixels, mayAdd, mayChange }: Props) {
  return (
    <>
      <div class="row title">
        <Heading>Pixels</Heading>
        {mayAdd && (
          <Link class="button" href="/app/new">
            Add a pixel
          </Link>
        )}
      </div>
      <ul class="cards">
        {pixels.map((pixel) => (
          <Card key={pixel.id} pixel={pixel} mayChange={mayChange} />
        ))}
      </ul>
    </>
  );
}

function Card({ pixel, mayChange }: { readonly pixel: Pixel; readonly mayChange: boolean }) {
  const asked = useAnswer({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: '30d',
    dimensions: ['time:day'],
    include: { time_labels: true },
  });
  const found = new Map(
    asked.data?.results.map(({ dimensions, metrics }) => [dimensions[0], amount(metrics[0]) ?? 0]),
  );
  // Of a pixel that protects small groups, no row may be little as well as nothing.
  const rest = asked.data?.meta.min_group === undefined ? 0 : null;
  const values = (asked.data?.meta.time_labels ?? []).map((label) => found.get(label) ?? rest);
  const [yesterday = rest, today = rest] = values.slice(-2);
  const all = values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return (
    <li class="card" data-pixel={pixel.id}>
      <h2>
        <Link href={`/app/${pixel.id}`}>
          <Text>{pixel.name}</Text>
        </Link>
      </h2>
      <p class="muted">
        <Text>{URL.parse(pixel.url)?.host ?? pixel.url}</Text>
      </p>
      {asked.failure ? (
        <Trouble failure={asked.failure} retry={asked.retry} />
      ) : (
        <>
          {asked.data && all === 0 ? (
            <p class="spark muted">
              {rest === null ? 'Too few to be shown.' : 'Nobody yet.'}{' '}
              {mayChange && <Link href={`/app/${pixel.id}/install`}>See whether it is installed</Link>}
            </p>
          ) : (
            <Sparkline values={values.map((value) => value ?? 0)} />
          )}
          <dl class="figures">
            <div data-of="today">
              <dt>Visitors today</dt>
              <dd>{asked.data ? metricValue('visitors', today) : ' '}</dd>
            </div>
            <div data-of="yesterday">
              <dt>Yesterday</dt>
              <dd class="lesser">{asked.data ? metricValue('visitors', yesterday) : ' '}</dd>
            </div>
            <div data-of="month">
              <dt>30 days</dt>
              <dd class="lesser">{asked.data ? count(all) : ' '}</dd>
            </div>
          </dl>
        </>
      )}
    </li>
  );
}
