/** Asks before the reader leaves settings that are not saved. */
import { useEffect, useState } from 'preact/hooks';
import { setGuard } from '../hooks.ts';
import { Dialog } from '../ui.tsx';
import { discardDrafts, hasDrafts } from './drafts.ts';

export function UnsavedChanges() {
  const [leave, setLeave] = useState<{ readonly act: () => void } | null>(null);
  useEffect(() => {
    setGuard({ href: location.href, isNeeded: hasDrafts, ask: (act) => setLeave({ act }) });
    return () => setGuard(null);
  }, []);
  return (
    leave && (
      <Dialog title="Unsaved changes" close={() => setLeave(null)}>
        <p>You have changed settings and not saved them. If you leave now, the changes are lost.</p>
        <footer class="row">
          <button type="button" onClick={() => setLeave(null)}>
            Stay
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              discardDrafts();
              setLeave(null);
              leave.act();
            }}
          >
            Leave without saving
          </button>
        </footer>
      </Dialog>
    )
  );
}
