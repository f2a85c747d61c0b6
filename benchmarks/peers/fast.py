"""FastAPI, Pydantic and SQLAlchemy: `uvicorn benchmarks.peers.fast:app`."""

import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field, create_model
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.peers.scoring import FUELS, scorer
from mlmodel.features import FEATURES, Feature

_engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg2://", 1),
    pool_size=20,
    max_overflow=20,
)
_score = scorer()
app = FastAPI()


class Base(DeclarativeBase):
    """Of the one table."""


class Exchange(Base):
    """The table of `plain`."""

    __tablename__ = "peers_exchange"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4)
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    caller: Mapped[str]
    features: Mapped[dict[str, Any]] = mapped_column(JSONB)
    electricity_kbtu: Mapped[float]
    natural_gas_kbtu: Mapped[float]
    steam_kbtu: Mapped[float]


def _member(feature: Feature) -> tuple[Any, Any]:
    kind: Any = {"boolean": bool, "integer": int, "number": float}.get(feature.kind)
    if feature.kind == "category":
        kind = Literal[tuple(feature.choices)]
        field = Field() if feature.is_required else Field(default=None)
    elif feature.kind == "boolean":
        field = Field(default=None)
    else:
        default: dict[str, Any] = {} if feature.is_required else {"default": None}
        field = Field(ge=feature.minimum, le=feature.maximum, **default)
    return (kind if feature.is_required else kind | None, field)


_members: dict[str, Any] = {feature.name: _member(feature) for feature in FEATURES}
Features: type[BaseModel] = create_model("Features", **_members)


class Answer(BaseModel):
    """What is answered."""

    id: uuid.UUID
    created_at: datetime
    features: dict[str, Any]
    electricity_kbtu: float
    natural_gas_kbtu: float
    steam_kbtu: float


def caller_of(
    token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> str:
    """Whose token it is; one query."""
    with _engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT username FROM authtoken_token JOIN auth_user ON auth_user.id = user_id "
                "WHERE key = :key AND is_active"
            ),
            {"key": token.credentials},
        ).scalar()
    if found is None:
        raise HTTPException(401)
    return str(found)


@app.post("/predict/", status_code=201)
def predict(
    features: Features,  # type: ignore[valid-type]  # made above
    caller: Annotated[str, Depends(caller_of)],
) -> Answer:
    """Validate, score, store, answer."""
    row = features.model_dump()  # type: ignore[attr-defined]
    (fuels,) = _score([row])
    with Session(_engine, expire_on_commit=False) as session:
        made = Exchange(caller=caller, features=row, **fuels)
        session.add(made)
        session.commit()
    return Answer(
        id=made.id,
        created_at=made.created_at,
        features=row,
        **{name: getattr(made, name) for name in FUELS},
    )
