/** All pixels, each with its last thirty days. */
import { amount } from './amount.ts';
import type { Pixel } from './api.ts';
import { marginOf } from './estimate.ts';
import { count, metricValue } from './format.ts';
import { useQuery } from './hooks.ts';
import { Sparkline } from './sparkline.tsx';
import { ErrorMessage, Heading, Link, Text } from './ui.tsx';
import { Approximately } from './value.tsx';

interface Props {
  readonly pixels: readonly Pixel[];
  readonly mayAdd: boolean;
  readonly mayChange: boolean;
}

export default function Overview({ pixels, mayAdd, mayChange }: Props) {
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
  const resource = useQuery({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: '30d',
    dimensions: ['time:day'],
    include: { time_labels: true, ...(pixel.imported ? { imports: true } : {}) },
  });
  const visitors = new Map(
    resource.data?.results.map(({ dimensions, metrics }) => [dimensions[0], amount(metrics[0]) ?? 0]),
  );
  // With small-group protection a missing row may stand for a small number.
  const empty = resource.data?.meta.min_group === undefined ? 0 : null;
  const values = (resource.data?.meta.time_labels ?? []).map((label) => visitors.get(label) ?? empty);
  const areEstimates = new Map(
    resource.data?.results.map((row) => [row.dimensions[0], marginOf(row, 0) !== null]),
  );
  const [isYesterdayEstimate, isTodayEstimate] = (resource.data?.meta.time_labels ?? [])
    .slice(-2)
    .map((label) => areEstimates.get(label));
  const [yesterday = empty, today = empty] = values.slice(-2);
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
      {resource.failure ? (
        <ErrorMessage failure={resource.failure} retry={resource.retry} />
      ) : (
        <>
          {resource.data && all === 0 ? (
            <p class="spark muted">
              {empty === null ? 'Too few to show.' : 'No visitors yet.'}{' '}
              {mayChange && <Link href={`/app/${pixel.id}/install`}>Check the installation</Link>}
            </p>
          ) : (
            <Sparkline values={values.map((value) => value ?? 0)} />
          )}
          <dl class="figures">
            <div data-of="today">
              <dt>Visitors today, so far</dt>
              <dd>
                {isTodayEstimate && <Approximately />}
                {resource.data ? metricValue('visitors', today) : ' '}
              </dd>
            </div>
            <div data-of="yesterday">
              <dt>Yesterday</dt>
              <dd class="lesser">
                {isYesterdayEstimate && <Approximately />}
                {resource.data ? metricValue('visitors', yesterday) : ' '}
              </dd>
            </div>
            <div data-of="month">
              <dt>30 days</dt>
              <dd class="lesser">
                {[...areEstimates.values()].includes(true) && <Approximately />}
                {resource.data ? count(all) : ' '}
              </dd>
            </div>
          </dl>
        </>
      )}
    </li>
  );
}
