/** Why the server refuses, by the code that it gives: it says it in English alone. */
export const deProblems: Record<string, string> = {
  // Any request
  "cross-origin":
    "Das kam nicht von dieser Seite. Öffne Muster unter seiner Adresse und versuch es dort.",
  internal: "Auf dem Server ist etwas schiefgegangen. Versuch es später noch einmal.",
  "missing-role": "Das darf nur die Verwaltung dieses Muster.",
  "missing-scope": "Diese Anmeldung darf das nicht.",
  "not-found": "Das gibt es nicht, oder nicht mehr.",
  "not-signed-in": "Melde dich zuerst an.",
  "too-large": "Das ist größer, als hier angenommen wird.",
  "too-many-requests": "Das waren zu viele Anfragen auf einmal. Warte einen Moment.",
  unavailable: "Ein Teil des Servers antwortet gerade nicht. Versuch es noch einmal.",
  // Accounts
  "account-disabled": "Dieses Konto ist gesperrt. Frag, wer dieses Muster betreibt.",
  "invitation-invalid":
    "Diese Einladung ist verbraucht, zurückgenommen oder abgelaufen. Bitte um eine neue.",
  "invitation-needed":
    "Ein neues Konto braucht hier eine Einladung. Frag, wer dieses Muster betreibt.",
  "last-administrator":
    "Das ist das letzte Konto, das hier verwaltet. Gib zuerst einem anderen dieses Recht.",
  "last-way-to-sign-in":
    "Das ist der letzte Weg, auf dem du dich anmelden kannst. Leg zuerst einen anderen an.",
  "push-off": "Dieser Server schickt Browsern keine Benachrichtigungen.",
  "registration-closed":
    "Neue Konten werden hier nicht angelegt. Frag, wer dieses Muster betreibt.",
  "sign-in-again": "Deine Anmeldung ist dafür zu alt. Melde dich neu an, dann noch einmal.",
  "too-many-invitations": "Es sind schon so viele Einladungen offen, wie es hier geben kann.",
  "too-many-passkeys": "Mehr Passkeys kann ein Konto nicht haben. Entferne zuerst einen.",
  "too-many-tokens": "Mehr Tokens kann ein Konto nicht haben. Lösche zuerst eines.",
  "too-many-tries": "Zu viele Versuche. Warte eine Minute, dann noch einmal.",
  "username-taken": "Diesen Namen hat hier schon jemand.",
  "wrong-credentials": "Name oder Passwort stimmt nicht.",
  // Machines and workers
  "already-approved": "Dieser Worker ist schon freigegeben. Entferne ihn, wenn er weg soll.",
  "backend-unavailable": "Der Agent kann das gerade nicht sagen.",
  "not-waiting":
    "Dieser Schlüssel wartet nicht mehr auf Freigabe. Starte den Worker neu und sieh dann wieder her.",
  "too-many-asks":
    "Der Worker hat schon viele Fragen zu beantworten. Versuch es gleich noch einmal.",
  "too-many-machines": "Mehr Rechner kannst du hier nicht haben. Lösche zuerst einen.",
  "too-many-workers": "Mehr Worker kannst du hier nicht haben. Entferne zuerst einen.",
  "worker-offline": "Der Worker ist offline. Starte ihn, um zu sehen, was sein Agent bietet.",
  "worker-removed": "Der Worker wurde entfernt. Wähle einen anderen.",
  "worker-silent": "Der Worker antwortet nicht. Versuch es gleich noch einmal.",
  // Sessions and messages
  busy: "Der Agent antwortet gerade. Halte ihn an, oder warte, bis er fertig ist.",
  "cannot-retry":
    "Nur eine Nachricht, die gescheitert, angehalten oder abgebrochen ist, lässt sich wiederholen.",
  "cannot-rewind":
    "Der Agent dieses Workers kann in seinem Gespräch nicht zurück. Zweige stattdessen vor dieser Nachricht ab.",
  "message-delivered": "Der Agent hat diese Nachricht schon.",
  "message-exists": "Es gibt schon eine andere Nachricht mit dieser Kennung. Sende sie neu.",
  "message-superseded": "Von dieser Nachricht gibt es eine neuere Fassung. Nimm die.",
  "message-waiting": "Diese Nachricht wartet noch. Bearbeite sie, statt sie neu zu senden.",
  "message-withdrawn":
    "Diese Nachricht wurde inzwischen zurückgezogen. Sende sie neu, wenn sie doch gesagt werden soll.",
  "not-finished":
    "Diese Nachricht ist noch nicht beantwortet. Halte sie an oder warte, oder zweige bei der davor ab.",
  "not-last": "Inzwischen wurde hier etwas anderes gesagt. Sieh es dir an und sende noch einmal.",
  "not-open": "Diese Nachricht wird gerade nicht beantwortet.",
  "queue-full":
    "Mehr Nachrichten können nicht warten. Nimm eine zurück, oder warte auf den Agenten.",
  "replacement-waiting":
    "Eine neue Fassung einer früheren Nachricht wartet schon. Bearbeite die, oder nimm sie zurück.",
  "request-answered": "Das wurde schon anders beantwortet.",
  "request-gone": "Der Agent wartet darauf nicht mehr.",
  "session-terminated": "Diese Sitzung ist beendet. Nimm sie zuerst wieder auf.",
  "too-many-sessions": "Mehr Sitzungen kannst du hier nicht haben. Lösche zuerst eine.",
  // Files
  "attachment-taken": "Diese Datei gehört schon zu einer Nachricht.",
  "attachments-full":
    "Mehr Platz haben deine Dateien nicht. Lösche Sitzungen mit Dateien, die du nicht mehr brauchst.",
  "attachments-too-large": "Die Dateien, die auf das Senden warten, sind zusammen zu groß.",
  "no-attachments": "Der Agent dieses Workers nimmt keine Dateien.",
  "no-images": "Dieses Modell nimmt keine Bilder. Wähle ein anderes, oder entferne sie.",
  "too-many-attachments":
    "Es warten schon viele Dateien auf das Senden. Sende oder entferne erst welche.",
  "too-slow": "Die Datei brauchte zu lange. Versuch es noch einmal.",
  "unsupported-file": "Dateien dieser Art werden hier nicht angenommen.",
};
