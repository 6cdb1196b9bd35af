/** The history of other tools: files that are read here, in the browser, and sent; and the imports of the pixel. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { ImportJson } from '../model/import.ts';
import type { Pixel } from './api.ts';
import { Choice } from './forms.tsx';
import { setGuard, useGet } from './hooks.ts';
import { FileCard } from './import/file-card.tsx';
import { ImportItem } from './import/import-item.tsx';
import { IMPORTERS } from './import/imports.ts';
import { isAnySending } from './import/use-import.ts';
import { Dialog, Empty, Heading, ResourceView } from './ui.tsx';

interface Chosen {
  readonly key: number;
  readonly file: File;
  /** The name of the importer that was chosen for it; `''` if it is to be recognized. */
  readonly from: string;
}

let keys = 0;

export default function Import({ pixel }: { readonly pixel: Pixel }) {
  const [from, setFrom] = useState('');
  const [files, setFiles] = useState<readonly Chosen[]>([]);
  const [version, setVersion] = useState(0);
  const reload = (): void => setVersion((before) => before + 1);
  const imports = useGet<{ imports: ImportJson[] }>(`/api/v1/pixels/${pixel.id}/imports?${version}`);
  const choose = (list: FileList | null | undefined): void => {
    const added = [...(list ?? [])].map((file) => ({ key: keys++, file, from }));
    setFiles((before) => [...added, ...before]);
  };
  return (
    <>
      <Heading>Import</Heading>
      <p class="muted">
        Bring the history of another tool: drop the files that it exports, or the logs of a web server. They
        are read in this browser, and nothing is stored before you have seen what is in them. Every import can
        be undone for 30 days.
      </p>
      <LeaveDialog />
      <div class="columns">
        <div>
          <DropZone choose={choose}>
            <Choice
              label="Tool"
              value={from}
              set={setFrom}
              options={[['', 'Recognize it from the file'], ...IMPORTERS]}
            />
          </DropZone>
          {files.map(({ key, file, from: tool }) => (
            <FileCard
              key={key}
              pixel={pixel}
              file={file}
              from={tool}
              onChange={reload}
              remove={() => setFiles((before) => before.filter((one) => one.key !== key))}
            />
          ))}
        </div>
        <section class="block">
          <h2>Imports</h2>
          <ResourceView resource={imports}>
            {({ imports: all }) =>
              all.length === 0 ? (
                <Empty title="Nothing has been imported">
                  An import appears here as soon as it begins, with what became of each event.
                </Empty>
              ) : (
                <ul class="items imports">
                  {all.map((one) => (
                    <ImportItem key={one.id} pixel={pixel} one={one} onChange={reload} />
                  ))}
                </ul>
              )
            }
          </ResourceView>
        </section>
      </div>
    </>
  );
}

interface DropZoneProps {
  readonly choose: (files: FileList | null | undefined) => void;
  readonly children: preact.ComponentChildren;
}

function DropZone({ choose, children }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  return (
    <section
      class={`block drop${isOver ? ' over' : ''}`}
      aria-label="Files"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        choose(event.dataTransfer?.files);
      }}
    >
      {children}
      <label class="field drop-files" for={id}>
        <b>Drop files here, or choose them</b>
        <small class="muted">
          CSV, JSON, Parquet, zip or a log, as they were exported, gzipped or not. To continue an import,
          choose its file again.
        </small>
        <input
          id={id}
          type="file"
          multiple
          onChange={(event) => {
            choose(event.currentTarget.files);
            // The same file may be chosen again.
            event.currentTarget.value = '';
          }}
        />
      </label>
    </section>
  );
}

/** Asks before the reader leaves while a file is being sent. */
function LeaveDialog() {
  const [leave, setLeave] = useState<{ readonly act: () => void } | null>(null);
  useEffect(() => {
    setGuard({ href: location.href, isNeeded: isAnySending, ask: (act) => setLeave({ act }) });
    const warn = (event: BeforeUnloadEvent): void => {
      if (isAnySending()) event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => {
      setGuard(null);
      removeEventListener('beforeunload', warn);
    };
  }, []);
  return (
    leave && (
      <Dialog title="An import is running" close={() => setLeave(null)}>
        <p>If you leave now, it stops. It continues where it was when you choose the same file again.</p>
        <footer class="row">
          <button type="button" onClick={() => setLeave(null)}>
            Stay
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              setGuard(null);
              setLeave(null);
              leave.act();
            }}
          >
            Leave
          </button>
        </footer>
      </Dialog>
    )
  );
}
