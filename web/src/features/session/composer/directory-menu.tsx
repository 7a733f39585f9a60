import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Check, ChevronDown, Folder, FolderGit2, FolderRoot } from "lucide-react";
import { useState } from "react";
import { api, must, type Schemas } from "@/shared/api/client";
import type { Worker } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/shared/ui/popover";
import { useSettled } from "@/shared/ui/use-settled";

interface DirectoryMenuProps {
  worker: Worker;
  value: string;
  onChange: (directory: string) => void;
}

/** Beside the model of a new session: where it works. A worker that is not there cannot be asked. */
export function DirectoryMenu({ worker, value, onChange }: DirectoryMenuProps) {
  const [open, setOpen] = useState(false);
  if (worker.status !== "online") return null;
  const name = value === "" ? t.composer.root : value;
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button
          look="ghost"
          size="sm"
          className="min-w-0 shrink-[3]"
          aria-label={`${t.composer.directory}: ${name}`}
        >
          <Folder />
          {value !== "" && (
            <span className="truncate">{value.slice(value.lastIndexOf("/") + 1)}</span>
          )}
          <ChevronDown />
        </Button>
      </PopoverTrigger>
      <PopoverContent align="start" side="top" className="w-80 max-w-[92vw]">
        <Directories
          worker={worker}
          value={value}
          onChoose={(directory) => {
            setOpen(false);
            onChange(directory);
          }}
        />
      </PopoverContent>
    </Popover>
  );
}

interface DirectoriesProps {
  worker: Worker;
  value: string;
  onChoose: (directory: string) => void;
}

function Directories({ worker, value, onChoose }: DirectoriesProps) {
  const [typed, setTyped] = useState("");
  const path = useSettled(typed.slice(0, typed.lastIndexOf("/") + 1).replace(/\/+$/, ""));
  const asked = useDirectories(worker.workerId, path);
  return (
    <Command label={t.composer.directory} defaultValue={value}>
      <Command.Input
        value={typed}
        onValueChange={setTyped}
        placeholder={t.composer.findDirectory}
        className="h-10 w-full border-b border-line bg-transparent px-3.5 text-base outline-none placeholder:text-ink-3 md:text-sm"
      />
      <Command.List className="max-h-72 overflow-y-auto p-1">
        <Command.Empty className="px-3 py-4 text-ink-3">
          {asked.isPending
            ? t.common.loading
            : asked.isError
              ? asked.error.message
              : t.composer.noDirectory}
        </Command.Empty>
        {path === "" && <DirectoryItem path="" value={value} onChoose={onChoose} />}
        {asked.data?.items.map((directory) => (
          <DirectoryItem key={directory.path} {...directory} value={value} onChoose={onChoose} />
        ))}
      </Command.List>
      {asked.data?.more && (
        <p className="border-t border-line px-3.5 py-2 text-xs text-ink-3">
          {t.composer.moreDirectories}
        </p>
      )}
    </Command>
  );
}

type DirectoryItemProps = Partial<Schemas["Directory"]> & {
  path: string;
  value: string;
  onChoose: (directory: string) => void;
};

function DirectoryItem({ path, repository, branch, value, onChoose }: DirectoryItemProps) {
  const Icon = path === "" ? FolderRoot : repository ? FolderGit2 : Folder;
  return (
    <Command.Item
      value={path === "" ? t.composer.root : path}
      onSelect={() => onChoose(path)}
      className="flex touch cursor-default items-center gap-2 rounded-md px-2.5 py-1.5 data-[selected=true]:bg-hover"
    >
      <Icon aria-hidden className="size-4 shrink-0 text-ink-3" />
      <span className="min-w-0 flex-1">
        <span className="block truncate">{path === "" ? t.composer.root : path}</span>
        {branch !== undefined && (
          <span className="block truncate text-xs text-ink-3">{branch}</span>
        )}
      </span>
      <Check aria-hidden className={path === value ? "size-4 text-signal" : "size-4 opacity-0"} />
    </Command.Item>
  );
}

function useDirectories(workerId: string, path: string) {
  return useQuery({
    queryKey: ["directories", workerId, path],
    placeholderData: keepPreviousData,
    queryFn: () =>
      must(
        api.GET("/api/v1/workers/{workerId}/directories", {
          params: { path: { workerId }, query: { path } },
        }),
      ),
  });
}
