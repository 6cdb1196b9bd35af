import type { ComponentChildren } from 'preact';
import { useLoading } from './hooks.ts';

/** A view with a thin bar at its top while anything is on its way that the reader waits for. */
export function Progress({ children }: { readonly children: ComponentChildren }) {
  const isLoading = useLoading();
  return (
    <div class="view" aria-busy={isLoading}>
      {isLoading && <div class="progress" />}
      {children}
    </div>
  );
}
