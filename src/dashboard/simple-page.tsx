/** Pages without navigation. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Failure } from './api.ts';
import { retryLater } from './connection.ts';
import { ThemeButton } from './theme.tsx';
import { ErrorMessage, Heading } from './ui.tsx';

/** Shown in place of the first view. It comes by itself once Speck answers. */
export function Unreachable({ failure, retry }: { readonly failure: Failure; readonly retry: () => void }) {
  const [times, setTimes] = useState(0);
  useEffect(
    () =>
      failure.isTemporary
        ? retryLater(() => {
            setTimes(times + 1);
            retry();
          }, times)
        : undefined,
    [failure],
  );
  return (
    <>
      <Heading>Speck cannot be reached</Heading>
      <ErrorMessage failure={failure} retry={retry} />
    </>
  );
}

/** A page without navigation. */
export function SimplePage({
  wide = false,
  children,
}: {
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <>
      <header class="top">
        <span class="brand">
          <span class="mark" aria-hidden="true" /> Speck
        </span>
        <span class="end">
          <ThemeButton />
        </span>
      </header>
      <main class={wide ? '' : 'bare'} id="main">
        {children}
      </main>
    </>
  );
}
