/** The views of the built-in components. */

import type { ComponentType } from "preact";
import { Badge } from "./Badge";
import { Button } from "./Button";
import { Card } from "./Card";
import { Chart } from "./Chart";
import { Checkbox } from "./Checkbox";
import { DatePicker } from "./DatePicker";
import { Form } from "./Form";
import { Image } from "./Image";
import { Input } from "./Input";
import { Label } from "./Label";
import { ListView, ListViewItem } from "./ListView";
import { Basic, Box, Col, Divider, Row, Spacer, Transition } from "./layout";
import { RadioGroup } from "./RadioGroup";
import { Select } from "./Select";
import { Table, TableCell, TableRow } from "./Table";
import { Text } from "./Text";
import { Textarea } from "./Textarea";
import { Caption, IconView, Markdown, Title } from "./typography";

/** Views by component `type`. Each view expects its own shape of node. */
export const views: Readonly<Record<string, unknown>> = {
  Badge,
  Basic,
  Box,
  Button,
  Caption,
  Card,
  Chart,
  Checkbox,
  Col,
  DatePicker,
  Divider,
  Form,
  Icon: IconView,
  Image,
  Input,
  Label,
  ListView,
  ListViewItem,
  Markdown,
  RadioGroup,
  Row,
  Select,
  Spacer,
  Table,
  "Table.Cell": TableCell,
  "Table.Row": TableRow,
  Text,
  Textarea,
  Title,
  Transition,
} satisfies Record<string, ComponentType<{ node: never }>>;
