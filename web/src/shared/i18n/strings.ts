import { en } from "./en";
import { chosenLanguage } from "./language";

export type Strings = typeof en;

/** Every sentence of the page. The language is decided once, at load; changing it reloads. */
export const t: Strings = chosenLanguage() === "de" ? (await import("./de")).de : en;
