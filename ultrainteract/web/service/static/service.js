// The list as it is now, every two seconds while the page is looked at and no button is in use.
"use strict";
async function renew() {
  const list = document.getElementById("runs");
  if (document.hidden || list.contains(document.activeElement)) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("runs");
  if (fresh && fresh.innerHTML !== list.innerHTML) list.replaceWith(fresh);
}
setInterval(() => renew().catch(() => undefined), 2000);
