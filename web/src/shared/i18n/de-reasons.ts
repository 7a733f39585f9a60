/** Why a turn did not get to its end, by the server's own sentence: it gives no code. What an agent says is its own. */
export const deReasons: Record<string, string> = {
  // Chat
  "The worker was restarted while it was writing this.":
    "Der Worker wurde neu gestartet, während er sie schrieb.",
  "The server's storage was full while the worker was writing this.":
    "Der Speicher des Servers war voll, während der Worker sie schrieb.",
  "The worker does not know this reply any more.": "Der Worker kennt sie nicht mehr.",
  "The worker was removed.": "Der Worker wurde entfernt.",
  "The worker was lost while it was writing this.":
    "Der Worker ging verloren, während er sie schrieb.",
  "Part of this reply was lost on its way; what arrived is kept.":
    "Ein Teil der Antwort ging unterwegs verloren. Was ankam, ist erhalten.",
  "The server's stream of replies was lost while the worker was writing this; what was kept is here.":
    "Der Server verlor seinen Strom der Antworten, während der Worker sie schrieb. Was erhalten blieb, steht hier.",
  // The worker
  "The disk of the worker's machine does not give back what waited there while the server was away; this is what came before.":
    "Der Rechner des Workers gibt nicht mehr heraus, was dort wartete, während der Server nicht da war. Was vorher kam, steht hier.",
  "The agent of this worker takes no files.": "Der Agent dieses Workers nimmt keine Dateien.",
  "The agent cannot go back in its conversation; fork the session instead.":
    "Der Agent kann in seinem Gespräch nicht zurück. Zweige stattdessen ab.",
  "opencode does not start on this machine; see the worker's log.":
    "opencode startet auf diesem Rechner nicht. Warum, steht im Protokoll des Workers.",
  "opencode has ended the turn without an answer.":
    "opencode hat den Durchgang ohne Antwort beendet.",
  "opencode has ended unexpectedly.": "opencode ist unerwartet zu Ende gegangen.",
  "opencode has ended unexpectedly; it is started again, and your next message goes on.":
    "opencode ist unerwartet zu Ende gegangen. Es wird neu gestartet, und deine nächste Nachricht geht weiter.",
};
