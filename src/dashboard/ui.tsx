/** Small components that views are built from. */
import type { ComponentChildren, JSX } from 'preact';
import { useContext, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from './api.ts';
import { clock } from './format.ts';
import { go, Near, type Resource } from './hooks.ts';
import { isEmbedded } from './public.ts';

/** A link within the dashboard. */
export function Link({ href, ...rest }: JSX.IntrinsicElements['a'] & { readonly href: string }) {
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    go(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}

/** A page's heading. It takes the focus, so that screen readers announce the new page. */
export function Heading({ children }: { readonly children: ComponentChildren }) {
  const ref = useRef<HTMLHeadingElement>(null);
  // Before the reader can move the focus.
  useLayoutEffect(() => {
    // In a frame it would take the focus from the page around it.
    if (!isEmbedded) ref.current?.focus({ preventScroll: true });
    document.title = `${ref.current?.textContent ?? ''} · Speck`;
  }, []);
  return (
    <h1 ref={ref} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** Text from a user or a visitor, of any length and direction. */
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

/** A failure in words. @param retry sends the request again. A request that may succeed later is sent again without it, too. */
export function ErrorMessage({ failure, retry }: { readonly failure: Failure; readonly retry?: () => void }) {
  // The banner tells why, once for all.
  if (retry && failure.reason === 'offline') {
    return (
      <p class="waiting muted">Not loaded yet. Speck cannot be reached, and is asked again by itself.</p>
    );
  }
  return (
    <div class="error" role="alert">
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
    <div class="loading" role="status" aria-busy={useContext(Near)}>
      <span class="hidden">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <i key={row} />
      ))}
    </div>
  );
}

/** The data of a resource, or its failure, or a placeholder while it loads. */
export function ResourceView<T>({
  resource,
  rows = 3,
  children,
}: {
  readonly resource: Resource<T>;
  readonly rows?: number;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { data, failure, pending, retry } = resource;
  if (data === null)
    return failure ? <ErrorMessage failure={failure} retry={retry} /> : <Loading rows={rows} />;
  return (
    <div class={`show${pending ? ' pending' : ''}${isOld(resource) ? ' old' : ''}`} aria-busy={pending}>
      <Age resource={resource} />
      {children(data)}
    </div>
  );
}

/** Whether the data of a resource are old, since Speck cannot be reached. They are dimmed. */
export const isOld = ({ data, failure }: Resource<unknown>): boolean => data !== null && failure !== null;

/** Says of when old data are. */
export function Age({ resource }: { readonly resource: Resource<unknown> }) {
  return isOld(resource) ? <p class="age">Numbers of {clock(resource.at)}</p> : null;
}

export interface Tab<Name extends string = string> {
  readonly name: Name;
  readonly label: string;
}

/** Tabs. Arrow keys go from one to the next. */
export function Tabs<Name extends string>({
  tabs,
  selected,
  select,
  label,
}: {
  readonly tabs: readonly Tab<Name>[];
  readonly selected: Name;
  readonly select: (name: Name) => void;
  readonly label: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  const key = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const current = tabs.findIndex(({ name }) => name === selected);
    const next = (current + by + tabs.length) % tabs.length;
    select(tabs[next]?.name ?? selected);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={key}>
      {tabs.map(({ name, label: text }) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === selected}
          tabIndex={name === selected ? 0 : -1}
          onClick={() => select(name)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** A modal dialog, closed by Escape, a click outside of it, or its button. */
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
  // Before painting, so that keys that are pressed at once reach it.
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
  const [message, setMessage] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setMessage('Copied');
    } catch {
      setMessage('Select the text and copy it');
    }
    setTimeout(() => setMessage(''), 3000);
  };
  return (
    <button type="button" class="quiet copy" onClick={copy}>
      <span aria-live="polite">{message || 'Copy'}</span>
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
