"""A Step Functions execution, read from the real definition: Task, Map, Choice, Wait, Pass, Succeed, Fail in JSONata.

It lives outside the functions it calls: their crashes are errors to it, retried and caught as the definition says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jsonata

State = Mapping[str, Any]

_EXPRESSION = ("{%", "%}")


class TaskFailedError(Exception):
    """What a task raised, by the name the definition matches on."""

    def __init__(self, name: str, cause: str = "") -> None:
        self.name = name
        self.cause = cause
        super().__init__(name)


class ExecutionFailedError(Exception):
    """The execution came to a Fail state, or to an error that nothing catches."""


class Execution:
    """One run of a definition.

    `call` performs a Task: it is given the resource and the arguments and returns what the service answers, or raises
    `TaskFailedError`. `sleep` waits. Waiting is never jittered: the longest wait is the plainest.
    """

    def __init__(
        self,
        definition: State,
        *,
        call: Callable[[str, Mapping[str, Any]], Any],
        sleep: Callable[[float], None],
        time: Callable[[], str],
    ) -> None:
        self._definition = definition
        self._call = call
        self._sleep = sleep
        self._time = time

    def start(self, payload: Mapping[str, Any]) -> Any:
        """Run to the end; the output is returned.

        Raises
        ------
        ExecutionFailedError
            If it fails.
        """
        return self._run(self._definition, payload, payload, {})

    def _run(
        self, machine: State, given: Any, execution_input: Any, variables: dict[str, Any]
    ) -> Any:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            context = {
                "Execution": {"Input": execution_input},
                "State": {"Name": name, "EnteredTime": self._entered_at(state)},
            }
            scope = _Scope(given, context, variables)
            match state["Type"]:
                case "Succeed":
                    return scope.output(state, given)
                case "Fail":
                    raise ExecutionFailedError(str(scope.value(state.get("Error", ""))))
                case "Choice":
                    name = scope.chosen(state)
                    continue
                case "Wait":
                    self._sleep(float(scope.value(state["Seconds"])))
                    given = scope.output(state, given)
                case "Pass":
                    given = scope.output(state, given)
                    scope.assign(state)
                case _:
                    given, caught = self._attempt(state, scope, execution_input)
                    if caught:
                        name = caught
                        continue
            if state.get("End"):
                return given
            name = state["Next"]

    def _entered_at(self, state: State) -> str:
        """When a state was entered; told only to those who ask."""
        return self._time() if "EnteredTime" in _text(state) else ""

    def _attempt(self, state: State, scope: _Scope, execution_input: Any) -> tuple[Any, str]:
        """A Task's or a Map's output, or the state that catches its error."""
        tries: dict[int, int] = {}
        while True:
            try:
                result = self._result(state, scope, execution_input)
            except (TaskFailedError, ExecutionFailedError) as error:
                name = error.name if isinstance(error, TaskFailedError) else str(error)
                if self._is_retried(state, name, tries):
                    continue
                for catcher in state.get("Catch", []):
                    if _matches(catcher["ErrorEquals"], name):
                        failed = scope.with_error(name)
                        failed.assign(catcher)
                        return failed.output(catcher, {"Error": name}), catcher["Next"]
                raise ExecutionFailedError(name) from None
            with_result = scope.with_result(result)
            with_result.assign(state)
            return with_result.output(state, result), ""

    def _result(self, state: State, scope: _Scope, execution_input: Any) -> Any:
        if state["Type"] == "Task":
            return self._call(state["Resource"], scope.value(state.get("Arguments", {})))
        items = scope.value(state["Items"])
        results = []
        for index, item in enumerate(items):
            item_scope = scope.of_item(index, item)
            given = item_scope.value(state["ItemSelector"]) if "ItemSelector" in state else item
            results.append(
                self._run(state["ItemProcessor"], given, execution_input, dict(scope.variables))
            )
        return results

    def _is_retried(self, state: State, name: str, tries: dict[int, int]) -> bool:
        for number, retrier in enumerate(state.get("Retry", [])):
            if not _matches(retrier["ErrorEquals"], name):
                continue
            done = tries.get(number, 0)
            if done >= retrier["MaxAttempts"]:
                return False
            tries[number] = done + 1
            delay = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** done
            self._sleep(min(delay, retrier["MaxDelaySeconds"]))
            return True
        return False


def _matches(names: list[str], name: str) -> bool:
    return name in names or "States.ALL" in names


class _Scope:
    """What an expression may see."""

    def __init__(
        self, given: Any, context: Mapping[str, Any], variables: dict[str, Any], **more: Any
    ) -> None:
        self.variables = variables
        self._states = {"input": given, "context": context, **more}

    def with_result(self, result: Any) -> _Scope:
        return self._with(result=result)

    def with_error(self, name: str) -> _Scope:
        return self._with(errorOutput={"Error": name, "Cause": ""})

    def of_item(self, index: int, item: Any) -> _Scope:
        context = self._states["context"] | {"Map": {"Item": {"Index": index, "Value": item}}}
        return _Scope(self._states["input"], context, self.variables)

    def _with(self, **more: Any) -> _Scope:
        states = self._states
        return _Scope(states["input"], states["context"], self.variables, **more)

    def value(self, template: Any) -> Any:
        """A template with every expression evaluated."""
        text = _text(template)
        if _EXPRESSION[0] not in text:
            return template
        # What no expression names would only keep two equal evaluations apart.
        seen = {name: value for name, value in self._states.items() if name in text}
        return json.loads(_filled(text, _text(seen), _text(self.variables)))

    def output(self, state: State, otherwise: Any) -> Any:
        return self.value(state["Output"]) if "Output" in state else otherwise

    def assign(self, state: State) -> None:
        self.variables.update(self.value(state.get("Assign", {})))

    def chosen(self, state: State) -> str:
        for choice in state["Choices"]:
            if self.value(choice["Condition"]) is True:
                self.assign(choice)
                following: str = choice["Next"]
                return following
        default: str = state["Default"]
        return default


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


@cache
def _compiled(expression: str) -> Any:
    return jsonata.Jsonata(expression)


@cache
def _filled(template: str, states: str, variables: str) -> str:
    """Expressions are pure, and few: each template is evaluated once for each thing it sees."""
    bindings = {"states": json.loads(states), **json.loads(variables)}
    return _text(_evaluated(json.loads(template), bindings))


def _evaluated(template: Any, bindings: Mapping[str, Any]) -> Any:
    match template:
        case str() if template.startswith(_EXPRESSION[0]) and template.endswith(_EXPRESSION[1]):
            compiled = _compiled(template[2:-2].strip())
            frame = compiled.create_frame()
            for name, value in bindings.items():
                frame.bind(name, value)
            return compiled.evaluate(None, frame)
        case dict():
            return {key: _evaluated(each, bindings) for key, each in template.items()}
        case list():
            return [_evaluated(each, bindings) for each in template]
        case _:
            return template
