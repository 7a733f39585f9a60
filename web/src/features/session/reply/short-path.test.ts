import { expect, it } from "vitest";
import { shortPath } from "./short-path";

it.each([
  ["/srv/app", "/srv/app/src/a.rs", "src/a.rs"],
  ["/srv/app/", "/srv/app/src/a.rs", "src/a.rs"],
  ["/srv/app", "srv/app/src/a.rs", "src/a.rs"],
  ["C:\\app", "C:\\app\\a.rs", "a.rs"],
  ["/srv/app", "/srv/application/a.rs", "/srv/application/a.rs"],
  ["/srv/app", "/srv/app", "/srv/app"],
  ["/srv/app", "/srv/app/", "/srv/app/"],
  ["/srv/app", "src/a.rs", "src/a.rs"],
  ["/srv/app", "List the files", "List the files"],
  ["/", "/etc/hosts", "/etc/hosts"],
  ["", "/etc/hosts", "/etc/hosts"],
])("in %s, %s is %s", (directory, path, short) => {
  expect(shortPath(directory, path)).toBe(short);
});
