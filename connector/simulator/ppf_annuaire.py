"""The simulated directory of the public portal: "Annuaire" 1.11.0, read strictly. No socket.

Its lines are those of the simulated directory, and those that are created here. Companies and establishments
are those of its lines; routing codes are created here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping

from connector.simulator.answers import Answer
from connector.simulator.directory import Line
from connector.simulator.plan import Switches
from connector.simulator.ppf_annuaire_contract import (
    CHANGES,
    KINDS,
    NEW_CODE,
    Entry,
    check,
    check_query,
    fits,
    read_line,
    read_search,
)
from connector.simulator.ppf_reading import read_object
from connector.simulator.ppf_wire import PortalRefusal, written

_ALWAYS = "2026-09-01"  # when the lines of the simulated directory began


class Annuaire:
    """The entries, and what is asked of them. May be used from any thread.

    Args:
        switches: how it behaves now.
    """

    def __init__(self, switches: Callable[[], Switches]) -> None:
        self._switches = switches
        self._lock = threading.RLock()
        self.put(())

    def put(self, lines: Iterable[Line]) -> None:
        """Have these lines in the place of everything else."""
        with self._lock:
            self._numbered = 0
            self._entries: dict[str, dict[int, Entry]] = {kind: {} for kind in KINDS}
            for line in lines:
                told = line.as_entry()
                start = told.pop("dateDebutEffet")
                self._add("ligne-annuaire", told, start)
                self._know("siren", {"siren": line.siren, "raisonSociale": line.name})
                if line.siret:
                    self._know("siret", {"siret": line.siret, "siren": line.siren, "denomination": line.name})

    # ------------------------------------------------------------------ questions
    def search(self, kind: str, body: bytes, language: str) -> Answer:
        """`POST /<kind>/recherche`: 204 for nothing, 206 for a part.

        Raises:
            PortalRefusal: 400 or 422, naming what is wrong.
        """
        asked = read_search(KINDS[kind], read_object(body, language), language)
        with self._lock:
            found = [entry for entry in self._entries[kind].values() if fits(entry, asked, KINDS[kind])]
            found.sort(key=lambda entry: str(entry.get(KINDS[kind].key)))
            start, limit = asked.get("ignorer", 0), min(asked.get("limite", 50), self._switches().page_limit)
            page = [
                self._told(kind, entry, asked.get("champs", ()), with_all=True)
                for entry in found[start : start + limit]
            ]
        if not page:
            return Answer(status=204)
        said = {"recherche": asked, "nombre_total_resultats": len(found), "resultats": page}
        return written(said, 200 if len(page) == len(found) else 206, "json", language, kind)

    def show(self, kind: str, key: str, query: Mapping[str, list[str]], language: str) -> Answer:
        """`GET /<kind>/<key>`.

        Raises:
            PortalRefusal: 404 for what it does not have, 422 for a query that the contract does not know.
        """
        check_query(KINDS[kind], query, language, by_instance=key.startswith("id-instance:"))
        with self._lock:
            entry = self._found(kind, key)
            if entry is None:
                raise PortalRefusal(404, key, language, instance=f"/{kind}/{key}")
            told = self._told(kind, entry, query.get("champs", ()), with_all=bool(query.get("inclure")))
            return written(told, 200, "json", language, kind)

    # ------------------------------------------------------------------ changes
    def create(self, kind: str, body: bytes, language: str) -> Answer:
        """`POST /<kind>`.

        Raises:
            PortalRefusal: 400 or 422, naming the field; 422 too for what is there already.
        """
        given = read_object(body, language)
        if kind == "code-routage":
            check(given, NEW_CODE, language, "", more={"gestionEngagementJuridique", "adresse"})
            entry, start = {name: given[name] for name in given if name != "natureEtablissement"}, _ALWAYS
        else:
            entry, start = read_line(given, language)
        with self._lock:
            if self._is_there(kind, entry):
                raise PortalRefusal(422, KINDS[kind].key, language)
            number = self._add(kind, entry, start)
        return written(self._written(kind, number), 201, "json", language, kind)

    def change(self, kind: str, key: str, body: bytes, language: str, *, whole: bool) -> Answer:
        """`PUT` (the whole) or `PATCH` (what is given) of `/<kind>/id-instance:<n>`.

        Raises:
            PortalRefusal: 404, 400 or 422.
        """
        known = CHANGES.get(kind)
        if known is None:
            raise PortalRefusal(501, kind, language)
        given = read_object(body, language)
        rules = known if whole else {name: (False, pattern) for name, (_, pattern) in known.items()}
        check(given, rules, language, "", more={"adresse"} if kind == "code-routage" else set())
        with self._lock:
            entry = self._found(kind, key)
            if entry is None:
                raise PortalRefusal(404, key, language, instance=f"/{kind}/{key}")
            if whole:
                for name in known:
                    entry.pop(name, None)
            entry.update({name: value for name, value in given.items() if value is not None})
            return written(self._written(kind, entry["idInstance"]), 200, "json", language, kind)

    def delete(self, kind: str, key: str, language: str) -> Answer:
        """`DELETE /ligne-annuaire/id-instance:<n>`.

        Raises:
            PortalRefusal: 404.
        """
        with self._lock:
            entry = self._found(kind, key)
            if entry is None:
                raise PortalRefusal(404, key, language, instance=f"/{kind}/{key}")
            del self._entries[kind][entry["idInstance"]]
        return Answer(status=204)

    # ------------------------------------------------------------------ entries
    def _add(self, kind: str, entry: Entry, start: str) -> int:
        self._numbered += 1
        given = {name: value for name, value in entry.items() if value is not None}
        self._entries[kind][self._numbered] = given | {"idInstance": self._numbered, "start": start}
        return self._numbered

    def _know(self, kind: str, entry: Entry) -> None:
        if not self._is_there(kind, entry):
            state = {"etatAdministratif": "A", "diffusible": "O"}
            self._add(
                kind,
                entry | state | ({"typeEntite": "Privée assujettie"} if kind == "siren" else {}),
                _ALWAYS,
            )

    def _is_there(self, kind: str, entry: Entry) -> bool:
        names = ("siret", "identifiantRoutage") if kind == "code-routage" else (KINDS[kind].key,)
        return any(
            all(one.get(name) == entry.get(name) for name in names) for one in self._entries[kind].values()
        )

    def _found(self, kind: str, key: str) -> Entry | None:
        by_number = re.fullmatch(r"id-instance:(\d+)", key)
        if by_number:
            return self._entries[kind].get(int(by_number[1]))
        if kind == "code-routage":
            named = re.fullmatch(r"siret:(\d{14})/code:(.+)", key)
            wanted = {"siret": named[1], "identifiantRoutage": named[2]} if named else {}
        else:
            prefix = "code:" if kind == "ligne-annuaire" else "code-insee:"
            wanted = {KINDS[kind].key: key.removeprefix(prefix)} if key.startswith(prefix) else {}
        fitting = (one for one in self._entries[kind].values() if wanted.items() <= one.items())
        return next(fitting, None) if wanted else None

    def _told(self, kind: str, entry: Entry, fields: Iterable[str], *, with_all: bool) -> Entry:
        """An entry as it is told; only these fields of it, when there are any."""
        wanted = set(fields)
        history = {"dateDebutEffet": entry["start"], "idInstance": entry["idInstance"], "masque": False}
        told = {name: value for name, value in entry.items() if name not in ("idInstance", "start")}
        if wanted:
            told = {name: value for name, value in told.items() if name in wanted}
            history = {name: value for name, value in history.items() if name in wanted}
        if history:
            told["historisation"] = history
        if kind == "ligne-annuaire" and with_all:
            told["plateforme"] = {
                "typePlateforme": "PDP",
                "matriculePlateforme": entry["matriculePlateforme"],
                "statutPlateforme": "Actif",
            }
            company = self._found("siren", f"code-insee:{entry['siren']}")
            if company is not None and "raisonSociale" in company:
                told["uniteLegale"] = {"siren": entry["siren"], "raisonSociale": company["raisonSociale"]}
        return told

    def _written(self, kind: str, number: int) -> Entry:
        entry = self._entries[kind][number]
        if kind == "code-routage":
            names = ("siret", "identifiantRoutage")
            return {"idInstance": number, **{name: entry[name] for name in names}}
        told = {"idInstance": number, "identifiantAdressage": entry["identifiantAdressage"]}
        return told | {"dateDebutEffet": entry["start"]}
