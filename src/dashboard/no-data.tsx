/** Shown instead of empty charts and panels: why they are empty, and what to do. */
import type { Subject } from './subject.ts';
import { Empty, Link } from './ui.tsx';
import type { SetView, View } from './view.ts';

interface NoDataProps {
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
  /** The smallest visible group, with small-group protection. */
  readonly minGroup: number | undefined;
}

export function NoData({ subject, view, set, minGroup }: NoDataProps) {
  const { filters, period } = view;
  if (minGroup !== undefined && filters.length === 0) {
    return (
      <Empty title="Nothing to show for this period">
        This pixel shows only days that are over and groups of at least {minGroup} visitors.{' '}
        {period !== 'all' && <AllTime set={set} />}
      </Empty>
    );
  }
  if (filters.length > 0) {
    return (
      <Empty title="Nothing in this period matches the filters">
        <button type="button" class="quiet" onClick={() => set({ filters: [] })}>
          Clear all filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title={period === 'all' ? 'No events yet' : 'No events in this period'}>
      {subject.install && (
        <Link class="button" href={subject.install}>
          Check the installation
        </Link>
      )}{' '}
      {period !== 'all' && <AllTime set={set} />}
    </Empty>
  );
}

function AllTime({ set }: { readonly set: SetView }) {
  return (
    <button type="button" class="quiet" onClick={() => set({ period: 'all', step: null })}>
      Show all time
    </button>
  );
}
