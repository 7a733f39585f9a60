import { useEffect, useEffectEvent, useState } from "react";

/** What is asked for before it can be done is done once it can be, unless it is called off. */
export function useOnceReady(ready: boolean, act: () => void) {
  const [waits, setWaits] = useState(false);
  const onReady = useEffectEvent(() => {
    setWaits(false);
    act();
  });
  const due = waits && ready;
  useEffect(() => {
    if (!due) return;
    const timer = setTimeout(onReady);
    return () => clearTimeout(timer);
  }, [due]);
  return {
    waits: waits && !ready,
    ask: () => (ready ? act() : setWaits(true)),
    callOff: () => setWaits(false),
  };
}
