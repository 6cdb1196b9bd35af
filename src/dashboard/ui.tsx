/** Small parts that views are put together from. */
import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from './api.ts';
import type { Asked } from './hooks.ts';
import { go } from './hooks.ts';

/** A link within the dashboard. */
export function Link({ href, ...rest }: JSX.IntrinsicElements['a'] & { readonly href: string }) {
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    go(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}

/** A page's heading. It takes the focus, so that a screen reader says where one has come to. */
export function Heading({ children }: { readonly children: ComponentChildren }) {
  const ref = useRef<HTMLHeadingElement>(null);
  // Before anyone can have moved the focus on.
  useLayoutEffect(() => {
    ref.current?.focus({ preventScroll: true });
    document.title = `${ref.current?.textContent ?? ''} · Speck`;
  }, []);
  return (
    <h1 ref={ref} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** A value that is the reader's or a stranger's: of any length, in any direction. */
export function Text({ children, class: name = '' }: { readonly children: string; readonly class?: string }) {
  return (
    <bdi class={`text ${name}`} title={children}>
      {children === '' ? '(empty)' : children}
    </bdi>
  );
}

export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="mark" aria-hidden="true" />
      <p>
        <b>{title}</b>
      </p>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Trouble({ failure, retry }: { readonly failure: Failure; readonly retry?: () => void }) {
  return (
    <div class="trouble" role="alert">
      {failure.sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {retry && (
        <button type="button" class="quiet" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ rows = 3 }: { readonly rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <i key={row} />
      ))}
    </div>
  );
}

/** What has been asked for, or what there is in its place. */
export function Show<T>({
  asked,
  rows = 3,
  children,
}: {
  readonly asked: Asked<T>;
  readonly rows?: number;
  readonly children: (data: T) => ComponentChildren;
}) {
  if (asked.failure) return <Trouble failure={asked.failure} retry={asked.retry} />;
  if (asked.data === null) return <Loading rows={rows} />;
  return <div class={`show${asked.pending ? ' pending' : ''}`}>{children(asked.data)}</div>;
}

export interface Tab<Name extends string = string> {
  readonly name: Name;
  readonly label: string;
}

/** Tabs, with arrows between them. What they open is labelled by `label`. */
export function Tabs<Name extends string>({
  tabs,
  at,
  choose,
  label,
}: {
  readonly tabs: readonly Tab<Name>[];
  readonly at: Name;
  readonly choose: (name: Name) => void;
  readonly label: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  const key = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const place = tabs.findIndex(({ name }) => name === at);
    const next = (place + by + tabs.length) % tabs.length;
    choose(tabs[next]?.name ?? at);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={key}>
      {tabs.map(({ name, label: text }) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === at}
          tabIndex={name === at ? 0 : -1}
          onClick={() => choose(name)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** A window above the page, closed by Escape, a click beside it, or its button. */
export function Dialog({
  title,
  close,
  wide = false,
  children,
}: {
  readonly title: string;
  readonly close: () => void;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before it is painted: a key that is pressed at once finds it open.
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? 'wide' : ''}
      aria-labelledby={id}
      onClose={close}
      {...{ closedby: 'any' }}
    >
      <div class="sheet">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={() => ref.current?.close()}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const [said, say] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      say('Copied');
    } catch {
      say('Select it and copy by hand');
    }
    setTimeout(() => say(''), 3000);
  };
  return (
    <button type="button" class="quiet copy" onClick={copy}>
      <span aria-live="polite">{said || 'Copy'}</span>
      <span class="hidden"> {what}</span>
    </button>
  );
}

export function Snippet({
  title,
  text,
  children,
}: {
  readonly title: string;
  readonly text: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <section class="snippet">
      <header>
        <h2>{title}</h2>
        <Copy text={text} what={title} />
      </header>
      {children && <p>{children}</p>}
      <pre>
        <code>{text}</code>
      </pre>
    </section>
  );
}
